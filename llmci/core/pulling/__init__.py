"""What pulling over a network takes that is neither network nor file."""
