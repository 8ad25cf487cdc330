"""What a room's pictures and sound say: movements (``motion``), speech and crowds (``hearing``), words (``ears``,
``screen``). Media in, events of ``core.events`` out; it runs in workers. Sees core, dsp, formats and system only.
"""
