"""Which step of an agent's trace likely went wrong."""
