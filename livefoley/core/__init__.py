"""Values every layer shares: ticks, media, cues, events, ports, errors. No asyncio, no I/O."""
