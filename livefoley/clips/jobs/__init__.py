"""The job of making one clip: a directory, its files, and who works on it."""
