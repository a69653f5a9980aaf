"""From what a vendor or a file says to one row of `trace/1`."""
