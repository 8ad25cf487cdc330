"""Media in and out: RTMP, files, HLS, SRT, pulls; audio codecs. Sees core and dsp only."""
