"""Whatever answers cases."""
