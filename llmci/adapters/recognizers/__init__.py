"""What finds personal data and secrets."""
