"""What a room's own sound tells: when the movements in its picture sound, if they do at all, and how loud it is."""
