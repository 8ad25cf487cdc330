"""The rooms' access to whoever makes sounds, and what was made of late."""
