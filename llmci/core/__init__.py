"""Pure functions on nouns and Arrow batches: no file, no clock, no network; randomness only with a seed."""
