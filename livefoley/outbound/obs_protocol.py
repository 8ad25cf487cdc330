"""obs-websocket's protocol, version 5, as far as livefoley speaks it: messages in, messages out, no I/O.

Source: the protocol document of obs-websocket 5 (in OBS since version 28).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeAlias

from livefoley.core.errors import ProtocolError, Rejected

SUBPROTOCOL = "obswebsocket.json"
RPC_VERSION = 1
SCENE_EVENTS, OUTPUT_EVENTS = 1 << 2, 1 << 6
WRONG_PASSWORD = 4009  # the close code


_HELLO, _IDENTIFY, _IDENTIFIED, _EVENT, _REQUEST, _ANSWER = 0, 1, 2, 5, 6, 7
SUCCESS = 100
UNKNOWN_REQUEST = 204

Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identified:
    """OBS lets us in."""


@dataclass(frozen=True, slots=True)
class SceneChanged:
    """The programme shows another scene."""

    scene: str


@dataclass(frozen=True, slots=True)
class ReplaySaved:
    """Somebody had the replay buffer saved, most likely by its hotkey."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request; ``code`` is 100 when it was done, ``comment`` says why not."""

    id: str
    code: int
    comment: str = ""
    data: Data = field(default_factory=dict)


Incoming: TypeAlias = Identified | SceneChanged | ReplaySaved | Answer


def identify(hello: str | bytes, password: str | None) -> str:
    """Return the answer to OBS's greeting. Raises ``Rejected`` when it asks for a password and there is none."""
    op, data = _read(hello)
    if op != _HELLO:
        raise ProtocolError("OBS: no obs-websocket 5 is there; it is part of OBS 28 and later")
    reply: Data = {"rpcVersion": RPC_VERSION, "eventSubscriptions": SCENE_EVENTS | OUTPUT_EVENTS}
    challenge = data.get("authentication")
    if challenge is not None:
        if password is None:
            raise Rejected("OBS asks for a password; set obs.password (OBS: Tools > WebSocket Server Settings)")
        if not isinstance(challenge, dict):
            raise _foreign()
        reply["authentication"] = proof(password, str(challenge.get("salt")), str(challenge.get("challenge")))
    return _write(_IDENTIFY, reply)


def proof(password: str, salt: str, challenge: str) -> str:
    """Return what shows that we know the password: base64(sha256(base64(sha256(password + salt)) + challenge))."""
    secret = base64.b64encode(sha256((password + salt).encode()).digest()).decode()
    return base64.b64encode(sha256((secret + challenge).encode()).digest()).decode()


def request(number: int, name: str, **data: Any) -> str:
    """Return a request; its answer has ``str(number)`` as id."""
    return _write(_REQUEST, {"requestType": name, "requestId": str(number), "requestData": data})


def incoming(message: str | bytes) -> Incoming | None:
    """Return what a message says; None for what is of no interest."""
    op, data = _read(message)
    if op == _IDENTIFIED:
        return Identified()
    if op == _EVENT and data.get("eventType") == "CurrentProgramSceneChanged":
        return SceneChanged(str(_part(data, "eventData").get("sceneName", "")))
    if op == _EVENT and data.get("eventType") == "ReplayBufferSaved":
        return ReplaySaved()
    if op == _ANSWER:
        status, code = _part(data, "requestStatus"), _part(data, "requestStatus").get("code", 0)
        if not isinstance(code, int):
            raise _foreign()
        return Answer(str(data.get("requestId")), code, str(status.get("comment", "")), _part(data, "responseData"))
    return None


def _foreign() -> ProtocolError:
    return ProtocolError("OBS: what answers there does not speak obs-websocket 5")


def _part(data: Data, name: str) -> Data:
    """Return an object inside a message, empty where there is none."""
    part = data.get(name) or {}
    if not isinstance(part, dict):
        raise _foreign()
    return part


def _read(message: str | bytes) -> tuple[int, Data]:
    try:
        given = json.loads(message)
        return int(given["op"]), dict(given.get("d") or {})
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, RecursionError):
        raise _foreign() from None


def _write(op: int, data: Data) -> str:
    return json.dumps({"op": op, "d": data})
