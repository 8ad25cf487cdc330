"""WebRTC: the seams over aiortc, the clock of a publisher, WHIP over HTTP."""
