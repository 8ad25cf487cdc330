"""Sounds that go on as long as something moves: which, how they are led, and the sound that follows."""
