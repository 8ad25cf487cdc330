"""What a room's own microphone tells of the movements in its picture: when they sound, and whether they do at all."""
