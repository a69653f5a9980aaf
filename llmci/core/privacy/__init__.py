"""From raw to clean text: flatten, detect, resolve, replace, audit. The one place that mints clean text."""
