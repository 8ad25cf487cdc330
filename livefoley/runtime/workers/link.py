"""What may be said over a worker's pipe: a frozen class for each op, and for each worker the ones it knows.

On the wire a message is a JSON object with its ``op``. It is read strictly: another op, a field that is missing,
unknown or of another type is a ``MessageError``, which costs that message alone. Large things are no part of a message,
they are its frame's payload.
"""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar, Union, cast

import msgspec
import numpy as np

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BEGINS_A_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class MessageError(ValueError):
    """What was said is no message of this worker's."""


class Message(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag=lambda name: _BEGINS_A_WORD.sub("-", name).lower(),
):
    """The base of all; the op of ``ClipOver`` is ``clip-over``."""


class Ready(Message, frozen=True):
    """A worker has started."""


class Ping(Message, frozen=True):
    """A worker answers with a ``Pong`` once it has done what it was sent before."""


class Pong(Message, frozen=True):
    """See ``Ping``."""


class Mark(Message, frozen=True):
    """A worker that rooms share answers with ``Marked`` once it has done what this room sent before."""


class Marked(Message, frozen=True):
    """See ``Mark``."""


class Leave(Message, frozen=True):
    """The room is gone."""


class Failed(Message, frozen=True):
    """What a worker was told could not be done: the message's op and number, if it has them."""

    of: str
    error: str
    number: int = 0


def op_of(message: Message | type[Message]) -> str:
    """Return what a message, or each of a class, says."""
    return str(message.__struct_config__.tag)


def _plain(value: Any) -> Any:
    """Return one of numpy's numbers as Python's own; raises ``NotImplementedError`` for what is no number."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} is no part of a message")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def encode(message: object) -> bytes:
    """Return a message as it travels."""
    return _ENCODER.encode(message)


READY, PING, PONG, MARK, MARKED, LEAVE = map(encode, (Ready(), Ping(), Pong(), Mark(), Marked(), Leave()))
"""These have nothing in them, so they are told by their bytes."""

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class Link(Generic[Request, Reply]):
    """What one worker is told, and what it says; both are unions of messages."""

    def __init__(self, requests: Any, replies: Any) -> None:
        self._requests = msgspec.json.Decoder(requests)
        self._replies = msgspec.json.Decoder(Union[replies, Failed])  # noqa: UP007 - of a value

    def encode(self, message: Request | Reply | Failed) -> bytes:
        """Return a message as it travels."""
        return encode(message)

    def request(self, head: bytes) -> Request:
        """Return what the worker is told; raises ``MessageError``."""
        try:
            return cast(Request, self._requests.decode(head))
        except _UNREADABLE as error:
            raise MessageError(f"not what this worker is told: {error}") from None

    def reply(self, head: bytes) -> Reply | Failed:
        """Return what the worker says; raises ``MessageError``."""
        try:
            return cast("Reply | Failed", self._replies.decode(head))
        except _UNREADABLE as error:
            raise MessageError(f"not what this worker says: {error}") from None

    @staticmethod
    def failed(request: object, error: Exception) -> Failed:
        """Return how a worker says that it could not do what it was told (None: it could not even read that)."""
        of = op_of(request) if isinstance(request, Message) else ""
        return Failed(of, repr(error)[:300], getattr(request, "number", 0))
