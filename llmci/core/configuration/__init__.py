"""What a configuration file says, line by line, and what is wrong with it, in words."""
