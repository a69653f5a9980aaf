"""Result files of other evaluation runners, read as they are: one file a format."""
