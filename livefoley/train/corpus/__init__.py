"""What the student learns from: recordings and renderings, prepared as latents."""
