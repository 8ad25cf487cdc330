"""HLS: segments of fragmented MP4, cut without I/O, and the sink that writes them."""
