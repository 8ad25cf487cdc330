"""Links to published clips that end: for one file, until one moment, as stock nginx checks them (``secure_link``).

``md5`` is the base64url of MD5 over expiry, path and secret, which nginx computes by ``secure_link_md5
"$secure_link_expires$uri $clips_secret"``. MD5 is what nginx has; the secret stands last, so nothing can be appended to
what was signed, and nobody outside chooses what is signed, so collisions help nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import quote, urlencode

from livefoley.clips.model import Heat

PATH = "/clips/"
MAX_TTL_S = 7 * 86_400

CACHE_CONTROL = {
    Heat.HOT: "public, max-age=86400, immutable",
    Heat.PERSONAL: "private, max-age=3600",
    Heat.DRAFT: "no-store",
}


class LinkCheck(StrEnum):
    """How a link came out."""

    GOOD = "good"
    UNSIGNED = "unsigned"
    FORGED = "forged"  # changed, or signed for another file or moment
    EXPIRED = "expired"


class Links:
    """Signs and checks paths. ``now_s`` is the time of day."""

    def __init__(self, secret: str, ttl_s: float = 3600.0, now_s: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._ttl_s = min(ttl_s, MAX_TTL_S)
        self._now_s = now_s

    def sign(self, path: str) -> str:
        """Return ``path`` (``/clips/...``) as it is to be asked for, good for ``ttl_s``."""
        expires = str(int(self._now_s() + self._ttl_s))
        return f"{quote(path)}?{urlencode({'md5': self._digest(path, expires), 'expires': expires})}"

    def check(self, path: str, md5: str, expires: str) -> LinkCheck:
        """Say whether a link to ``path`` (decoded) is good; takes as long for every wrong digest."""
        if not md5 or not expires:
            return LinkCheck.UNSIGNED
        right = hmac.compare_digest(self._digest(path, expires).encode(), md5.encode("utf-8", "replace"))
        if not right or not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return LinkCheck.FORGED
        return LinkCheck.GOOD if int(expires) >= self._now_s() else LinkCheck.EXPIRED

    def _digest(self, path: str, expires: str) -> str:
        signed = f"{expires}{path} {self._secret}".encode("utf-8", "surrogatepass")
        return urlsafe_b64encode(hashlib.md5(signed, usedforsecurity=False).digest()).rstrip(b"=").decode()
