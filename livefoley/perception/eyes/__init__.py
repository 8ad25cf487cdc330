"""The eyes: what it is that moves, what it touches, who does it and where; small networks, looked through seldom."""

RUNTIME = "ai_edge_litert"
"""What the extra ``eyes`` installs: it runs the networks that know hands, faces and poses."""
