"""What every source behind a network shares: one polite client, pages without surprises."""
