"""Text for people: Chinese in one form, captions as files."""
