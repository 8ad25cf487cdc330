"""The student: a small network that makes sound from a description and control curves. No torch in here."""
