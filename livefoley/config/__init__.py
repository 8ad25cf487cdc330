"""The configuration: commented YAML (``pipelines/reference.yaml`` is its manual), environment over it, checked whole.

``load`` reads a file, ``parse`` a text; both give a frozen ``Config`` or raise ``ConfigError`` with one line for every
problem: file and line, key, what is wrong and what would be right. ``masked`` is what may be printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from livefoley.config import checks, document, environment
from livefoley.config.clips import ClipMaking, Clips
from livefoley.config.document import Document, dotted
from livefoley.config.explain import explain
from livefoley.config.highlights import Webhook
from livefoley.config.publishing import Jobs
from livefoley.config.renders import Render
from livefoley.config.rooms import Listen, Room, RtmpSource, Sink, Source, Whep
from livefoley.config.server import (
    AuthHook,
    HttpServer,
    LogFormat,
    LogLevel,
    RtmpLimits,
    RtmpServer,
    Server,
    Tls,
    WebRtc,
)
from livefoley.config.values import MEGABYTE, Address, Model, Place, RoomName, SecretUrl
from livefoley.core.errors import ConfigError, reason
from livefoley.foley.chain import StudentUse

__all__ = [
    "MEGABYTE",
    "Address",
    "AuthHook",
    "Bank",
    "ClipMaking",
    "Clips",
    "Config",
    "Ears",
    "HttpServer",
    "Jobs",
    "Listen",
    "LogFormat",
    "LogLevel",
    "Render",
    "Room",
    "RtmpLimits",
    "RtmpServer",
    "RtmpSource",
    "SecretUrl",
    "Server",
    "Sink",
    "Source",
    "Student",
    "StudentUse",
    "Tls",
    "WebRtc",
    "Webhook",
    "Whep",
    "load",
    "masked",
    "parse",
]


class Bank(Model):
    """The effect bank. ``library`` is where ``livefoley bank add`` keeps an operator's sounds; None: its default."""

    library: Place | None = None


class Ears(Model):
    """Speech recognition, shared by all rooms. ``model`` is a name (``base``, ``small``, ...) or a directory."""

    model: Annotated[str, Field(min_length=1, max_length=500)] = "base"


class Student(Model):
    """The network that makes what no template covers, shared by all rooms; ``auto``: where there are weights for it.

    ``model`` is a name (``nano``) or a model's file; without ``steps`` it takes as many as it was made for.
    """

    enabled: Literal["auto"] | bool = "auto"
    model: Annotated[str, Field(min_length=1, max_length=500)] = "nano"
    device: Literal["auto", "cpu", "cuda", "tensorrt"] = "auto"
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    steps: Annotated[int, Field(ge=1, le=64)] | None = None


class Config(BaseSettings):
    """A whole configuration. Made by ``load`` and ``parse``; constructing it reads no environment."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    server: Server = Server()
    bank: Bank = Bank()
    ears: Ears = Ears()
    clips: ClipMaking = ClipMaking()
    student: Student = Student()
    render: Render = Render()
    jobs: Jobs = Jobs()
    rooms: Annotated[dict[RoomName, Room], Field(min_length=1, max_length=1000)]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment is laid over the YAML beforehand, so that errors can name file and line, or the variable."""
        return (init_settings,)


def load(path: Path, *, env: Mapping[str, str] | None = None) -> Config:
    """Read the file at ``path`` under the variables of ``env`` (default: the process's); relative paths in it count
    from the directory livefoley was started in. Raises ``ConfigError``, also for files it names that are missing."""
    given = _read(path)
    config = _validated(given, os.environ if env is None else env)
    _raise(given, checks.missing_files(config))
    return config


def parse(text: str, name: str = "<config>", *, env: Mapping[str, str] | None = None) -> Config:
    """Read a text called ``name`` in errors; looks at no file and, by default, at no environment."""
    return _validated(document.read(text, name), env or {})


def masked(config: Config) -> str:
    """Return the configuration as YAML with every secret masked, defaults included: safe to print."""
    tree = config.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=120)


def _read(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; `livefoley init` writes one to begin with") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({reason(error)})") from None
    return document.read(text, str(path))


def _validated(given: Document, env: Mapping[str, str]) -> Config:
    environment.overlay(given, Config, env)
    try:
        config = Config.model_validate(given.tree)
    except ValidationError as error:
        raise ConfigError("\n".join(explain(error, given, Config))) from None
    _raise(given, checks.conflicts(config))
    return config


def _raise(given: Document, problems: list[checks.Problem]) -> None:
    if problems:
        raise ConfigError("\n".join(f"{given.place(path)}: {dotted(path)} {what}" for path, what in problems))
