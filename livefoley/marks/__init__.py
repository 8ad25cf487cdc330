"""Marks of generated sound: a watermark in the sound, labels in the container, a C2PA manifest, notices for people."""
