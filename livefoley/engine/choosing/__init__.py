"""What helps to choose a sound: how a movement suits it, and how to say why."""
