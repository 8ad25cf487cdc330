"""The error tree. Every message says what was wrong and what would be right, and never carries a secret.

LivefoleyError
├── ConfigError          a configuration that cannot be used (exit code 2)
├── InputError           a file, URL or stream that cannot be read
│   ├── UnsupportedCodec     a codec this build or this output does not carry
│   └── Full                 as many wait already as may; later more can
├── OutputError          a sink that cannot be opened or written
├── BankError            a sound that cannot be read, or an effect that does not exist
├── ModelError           weights or an engine that cannot be used
│   └── SilentTakeError      a take of which nothing is heard
├── DescriptionError     a description no sound can be made of
├── AddressInUse         a port that is taken
├── ProtocolError        a peer that does not keep to its protocol
│   ├── Rejected             a peer that said no (bad key, not authorised)
│   │   └── Challenge            a server that wants to know who publishes (media.rtmp.protocol.authmod)
│   └── Refused              a request for WHIP or WHEP that is answered with a status (media.webrtc.offer)
├── Busy                 a render that cannot be taken now (renders.model)
├── TeacherError         a teacher that cannot teach (train.teachers.base)
├── DemoError            a demo that did not work out (demo.report)
└── SidecarError         the demo's sidecar did not start, or ended (demo.sidecar)
"""

from __future__ import annotations


class LivefoleyError(Exception):
    """The root of all errors a user may see; ``str(error)`` is one line to print."""

    exit_code = 1


class ConfigError(LivefoleyError):
    """A configuration that cannot be used."""

    exit_code = 2


class InputError(LivefoleyError):
    """A file, URL or stream that cannot be read."""


class UnsupportedCodec(InputError):  # noqa: N818 - reads as what it is
    """A codec this build or this output does not carry."""


class Full(InputError):  # noqa: N818
    """As many wait already as may; in ``retry_after_s`` there may be room."""

    def __init__(self, message: str, retry_after_s: int = 10) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutputError(LivefoleyError):
    """A sink that cannot be opened or written."""


class BankError(LivefoleyError):
    """A sound that cannot be read, or an effect that does not exist."""


class ModelError(LivefoleyError):
    """Weights or an engine that cannot be used."""


class SilentTakeError(ModelError):
    """A model that made nothing to be heard of a description; other words, or another seed, may be heard."""


class DescriptionError(LivefoleyError):
    """A description no sound can be made of."""


class AddressInUse(LivefoleyError):  # noqa: N818
    """A port that is taken."""


class ProtocolError(LivefoleyError):
    """A peer that does not keep to its protocol."""


class Rejected(ProtocolError):  # noqa: N818
    """A peer that said no."""


def reason(error: BaseException) -> str:
    """Return why in a few words, without the path or URL that the system and FFmpeg put into their messages."""
    if isinstance(error, LivefoleyError):
        return str(error)
    own_words = str(error) if isinstance(error, ValueError) else ""
    return getattr(error, "strerror", None) or own_words or type(error).__name__
