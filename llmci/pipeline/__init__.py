"""The arrows of the loop, one file each; they know seams and nouns only."""
