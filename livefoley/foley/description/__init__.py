"""From free text to what a place sounds like and what is done there."""
