"""Words to calls: terminal, environment and exit codes; one file a command."""
