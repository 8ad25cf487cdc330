"""Where an RTMP output goes: an address in one line, or server and stream key as encoders ask for them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag, model_validator

from livefoley.config.values import Model, SecretUrl, is_host
from livefoley.core.errors import ConfigError
from livefoley.media.rtmp.protocol.url import RtmpUrl

_HINT = 'server, app and stream key: "rtmp://host/app/key", or {server: "rtmp://host/app", key: "..."}'


def _check(value: SecretUrl) -> SecretUrl:
    url = value.get_secret_value()
    if not url.lower().startswith(("rtmp://", "rtmps://")):
        raise ValueError(f"must be a URL that begins with rtmp:// or rtmps://, {_HINT}")
    if not url.isprintable() or " " in url:
        raise ValueError(f"has a space or a line break; a key with a space goes into a field of its own, {_HINT}")
    try:
        _check_place(RtmpUrl.parse(url))
    except ConfigError:
        raise ValueError(f"is not complete, {_HINT}") from None
    return value


def _check_place(address: RtmpUrl) -> None:
    if not is_host(address.host) or address.port == 0:
        raise ValueError(f"has no host name or no port that can be, {_HINT}")


class RtmpFields(Model):
    """What an encoder's form asks for: ``rtmp://host/app``, a key of any characters, and user and password if any."""

    server: SecretUrl
    key: Annotated[SecretStr, Field(min_length=1, max_length=1000)]
    user: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")

    @model_validator(mode="after")
    def _is_complete(self) -> RtmpFields:
        if not self.key.get_secret_value().isprintable():
            raise ValueError("key has a line break or a control character")
        try:
            _check_place(address_of(self))
        except ConfigError:
            raise ValueError(f"is not complete, {_HINT}") from None
        return self


def _form(value: Any) -> str:
    return "[fields]" if isinstance(value, dict | RtmpFields) else "[url]"


RtmpOutput: TypeAlias = Annotated[
    Annotated[SecretUrl, AfterValidator(_check), Tag("[url]")] | Annotated[RtmpFields, Tag("[fields]")],
    Discriminator(_form),
]


def address_of(output: SecretUrl | RtmpFields) -> RtmpUrl:
    """Return where to publish to. Raises ``ConfigError``, which a checked configuration does not."""
    if isinstance(output, RtmpFields):
        server, key = output.server.get_secret_value(), output.key.get_secret_value()
        return RtmpUrl.join(server, key, output.user, output.password.get_secret_value())
    return RtmpUrl.parse(output.get_secret_value())
