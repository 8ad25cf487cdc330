"""Decoded pictures as they are seen, and what outputs cannot say of them."""
