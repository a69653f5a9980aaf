"""Where a candidate's share of traffic is set."""
