"""The HTTP API: ``/v1`` and sound on demand."""
