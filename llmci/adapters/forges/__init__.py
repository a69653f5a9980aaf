"""Where pull requests are, and what CI says of the one at hand."""
