"""What speaks for sounds beside the picture and the words: what the host names, and what the room's thumbs said."""
