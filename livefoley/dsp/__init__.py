"""Signal processing in numpy: ring by tick, mix, ducking, limiter, drift resampling, loudness. No I/O."""
