"""The HTTP port: probes, metrics, the API, WHIP and WHEP, HLS and published clips, two pages.

Begin with ``app``, which puts it together behind ``guard``; ``state`` is what it asks of the application.
"""
