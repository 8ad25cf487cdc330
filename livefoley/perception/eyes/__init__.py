"""The eyes: what it is that moves, what it touches, who does it and where; small networks, looked through seldom."""
