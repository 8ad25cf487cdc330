"""The asyncio shell: rooms, supervised workers, clocks, sinks."""
