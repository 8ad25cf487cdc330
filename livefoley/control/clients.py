"""Who sent a request, and with which key: as a bearer token, or as the password of HTTP Basic, which players know."""

from __future__ import annotations

import base64
import binascii

from fastapi import Request

from livefoley.media.access.admission import Client


def address_of(request: Request) -> str:
    """Return the address of who asks; empty when it has none."""
    return request.client.host if request.client is not None else ""


def client_of(request: Request) -> Client:
    """Return who asks, with the key it gave."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    agent = request.headers.get("user-agent", "")
    if scheme.lower() == "basic":
        user, password = _basic(given.strip())
        return Client(address_of(request), password, agent, user, by_password=True)
    key = given.strip() if scheme.lower() == "bearer" else ""
    return Client(address_of(request), key, agent)


def _basic(given: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
