"""What a configuration says about clips that are done: what is checked, how they are marked, who may fetch them."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field, IPvAnyNetwork, field_validator, model_validator

from livefoley.clips.checks.text import LISTS
from livefoley.clips.publish.links import MAX_TTL_S
from livefoley.config.values import BrokerUrl, HookUrl, HostName, Listen, Model, Place, Token

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class FrameChecks(Model):
    """Looks at pictures with open_nsfw (extra ``moderation``), or with an own ONNX ``model``; off by default."""

    enabled: bool = False
    model: Place | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    unsafe: Annotated[tuple[Annotated[int, Field(ge=0, le=9999)], ...], Field(min_length=1, max_length=100)] = (1,)
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    every_s: Annotated[float, Field(ge=0.1, le=60)] = 1.0


class Checks(Model):
    """What keeps a clip back until somebody releases it. ``words`` are lists that come along, or files of one's own."""

    frames: FrameChecks = FrameChecks()
    words: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=20)] = LISTS
    black: Share = 0.98
    frozen: Share = 1.0
    silent: Share = 1.0

    @property
    def files(self) -> tuple[Path, ...]:
        """The word lists of one's own."""
        return tuple(Path(name) for name in self.words if name not in LISTS)


class C2pa(Model):
    """The certificate chain (PEM, the leaf first) and key that clips are signed with; off without them."""

    cert: Place | None = None
    key: Place | None = None
    timestamp_url: HookUrl | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> C2pa:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together; give both or none")
        return self


class Delivery(Model):
    """Who may fetch published clips at ``/clips/``, and the edges in front of us."""

    secret: Token | None = None
    ttl_s: Annotated[float, Field(ge=1, le=MAX_TTL_S)] = 3600.0
    referers: Annotated[tuple[HostName, ...], Field(max_length=100)] = ()
    rate: Annotated[float, Field(ge=0, le=10_000)] = 50.0
    edges: Annotated[tuple[HookUrl, ...], Field(max_length=32)] = ()
    edge_log: Listen | None = None
    edge_log_from: Annotated[tuple[IPvAnyNetwork, ...], Field(min_length=1, max_length=32)] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )

    @field_validator("secret")
    @classmethod
    def _fits_nginx(cls, secret: Token | None) -> Token | None:
        if secret is not None and set(secret.get_secret_value()) & set("\"'\\${};"):
            raise ValueError("may hold none of \" ' \\ $ { } ; as it has to stand in a configuration of nginx, too")
        return secret


class Jobs(Model):
    """Where clips are made: in a worker process of ours, or by ``livefoley worker`` when there is a ``broker``."""

    broker: BrokerUrl | None = None
    visibility_timeout_s: Annotated[int, Field(ge=5, le=86_400)] = 120
