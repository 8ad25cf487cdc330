"""Media in and out: RTMP, WebRTC, SRT, pulls, files, HLS, and the codecs of sound.

Each protocol answers ``Source`` or ``Sink`` of ``core.ports``; what all sinks need is ``unit_queue``. Sees core, dsp,
formats and system only.
"""
