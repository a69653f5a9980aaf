"""A promptfoo configuration as one of ours; what has no counterpart is named and never dropped in silence."""
