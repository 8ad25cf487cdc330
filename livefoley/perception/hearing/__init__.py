"""What the original sound holds beside words: who speaks, and a crowd."""
