"""URLs with the secrets taken out: what may be logged or shown."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_url(url: str) -> str:
    """Return ``url`` without user, password, query, and without the last path segment, which may be a stream key."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(a URL that cannot be read)"
    if not parts.scheme or not host:
        return "(a URL without scheme or host)"
    host = f"[{host}]" if ":" in host else host
    path = parts.path.rpartition("/")[0]
    hidden = "/***" if parts.path.strip("/") else ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}{hidden}"
