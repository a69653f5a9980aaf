"""Features, clusters, names, anomalies, drift and sampling."""
