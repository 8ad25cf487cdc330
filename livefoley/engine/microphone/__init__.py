"""What a room's own sound tells: when the movements in its picture sound, whether they do at all, and how loud it is."""
