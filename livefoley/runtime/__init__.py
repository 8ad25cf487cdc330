"""The asyncio shell: a TaskGroup a room, and the worker processes beside them.

Begin with ``rooms.room``; ``workers.process`` keeps a worker running, ``supervise`` everything else beside a stream.
"""
