"""The two challenges RTMP servers put to publishers, ``authmod=adobe`` and ``authmod=llnw``, answered as FFmpeg does.

A server refuses ``connect`` and says why in words. The publisher comes back with a query behind the app: first its
name, then, to the salt or nonce it is given, the response. MD5 is what the servers want; only TLS keeps a password
from who listens.
"""

from __future__ import annotations

import base64
import hashlib

from livefoley.core.errors import Rejected
from livefoley.media.rtmp.protocol.url import RtmpUrl

ROUNDS = 2
"""How often a server may ask: for the name, and for the response."""

_KINDS = ("adobe", "llnw")
_NONCE_COUNT = "00000001"


class Challenge(Rejected):
    """The server wants to know who publishes; ``said`` is what `answer` reads."""

    def __init__(self, said: str) -> None:
        super().__init__("the server wants a user and a password")
        self.said = said


def is_challenge(said: str) -> bool:
    """Say whether a server's reason asks for one of the two answers."""
    return any(f"authmod={kind}" in said for kind in _KINDS)


def answer(said: str, url: RtmpUrl, nonce: str) -> str:
    """Return the query to come back with; ``nonce`` is eight characters of the publisher's own choice.

    Raises ``Rejected`` where coming back is no use: no user and password given, or wrong ones.
    """
    kind = next(kind for kind in _KINDS if f"authmod={kind}" in said)
    if not url.user or not url.password:
        raise Rejected(
            f"the server wants a user and a password (authmod={kind}); give rtmp: "
            "{server: ..., key: ..., user: ..., password: ...}, or user:password@ before the host"
        )
    if "?reason=authfailed" in said or "?reason=nosuchuser" in said:
        raise Rejected(f"the server does not know this user with this password (authmod={kind})")
    if "code=403 need auth" in said:
        return f"?authmod={kind}&user={url.user}"
    _, asked, query = said.partition("?reason=needauth")
    if not asked:
        raise Rejected(f"the server asks for authmod={kind} in words nobody understands")
    words = query.split()
    given = dict(part.partition("=")[::2] for part in (words[0] if words else "").split("&"))
    return _adobe(given, url, nonce) if kind == "adobe" else _llnw(given, url, nonce)


def _adobe(given: dict[str, str], url: RtmpUrl, nonce: str) -> str:
    user, opaque = given.get("user", url.user), given.get("opaque")
    secret = _base64_md5(user + given.get("salt", "") + url.password)
    response = _base64_md5(secret + (given.get("challenge", "") if opaque is None else opaque) + nonce)
    query = f"?authmod=adobe&user={user}&challenge={nonce}&response={response}"
    return query if opaque is None else f"{query}&opaque={opaque}"


def _llnw(given: dict[str, str], url: RtmpUrl, nonce: str) -> str:
    user, theirs = given.get("user", url.user), given.get("nonce", "")
    who = _hex_md5(f"{user}:live:{url.password}")
    what = _hex_md5(f"publish:/{url.app}" + ("" if "/" in url.app else "/_definst_"))
    response = _hex_md5(f"{who}:{theirs}:{_NONCE_COUNT}:{nonce}:auth:{what}")
    return f"?authmod=llnw&user={user}&nonce={theirs}&cnonce={nonce}&nc={_NONCE_COUNT}&response={response}"


def _base64_md5(text: str) -> str:
    return base64.b64encode(_md5(text).digest()).decode()


def _hex_md5(text: str) -> str:
    return _md5(text).hexdigest()


def _md5(text: str) -> hashlib._Hash:
    return hashlib.md5(text.encode(), usedforsecurity=False)
