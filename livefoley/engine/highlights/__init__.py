"""From signals to highlights: chat bursts against the room's own baseline, and the fusion of all signals over time."""
