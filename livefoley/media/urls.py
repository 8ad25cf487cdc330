"""URLs with the secrets taken out: what may be logged or shown."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_url(url: str) -> str:
    """Return scheme, host and port of ``url``, nothing else: keys, tokens and passwords stand in every other part."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(a URL that cannot be read)"
    if not parts.netloc.count("@") and "@" in f"{parts.query}{parts.fragment}" and not parts.path:
        return "(a URL that cannot be read)"  # what looks like its host is a part of a user's name or password
    if not parts.scheme or not host:
        return "(a URL without scheme or host)"
    host = f"[{host}]" if ":" in host else host
    hidden = "/***" if parts.path.strip("/") else ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{hidden}"
