"""Where traces, eval sets, runs and answers rest."""
