"""What the commands of ``livefoley`` do, one module each; ``cli`` only declares them."""
