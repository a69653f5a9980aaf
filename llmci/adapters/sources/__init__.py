"""Where production traces are."""
