"""How gates and canary decide, one file a method."""
