"""What players and edges fetch: HLS, published clips; and what edges tell us."""
