"""Clips: cut from a running room, given their sound, checked, marked, published."""
