"""Everything that touches the outside: a folder a seam, a file a tool."""
