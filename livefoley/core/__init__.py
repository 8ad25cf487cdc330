"""Values every layer shares: ticks, media, cues, events, snapshots, ports, errors. No asyncio, no I/O.

Begin with ``ticks`` (the unit of everything), ``media`` (what travels) and ``ports`` (what the engine asks of others).
"""
