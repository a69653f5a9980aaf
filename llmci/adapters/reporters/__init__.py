"""A verdict in one format each."""
