"""The part of a room that is about its highlights: what makes one, what sounds, who is told, what OBS does."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, field_validator

from livefoley.config.values import HookUrl, Model, ObsUrl, Place, Token
from livefoley.control.mix_patch import Description, MixPatch
from livefoley.core.notices import NoticeType
from livefoley.engine.highlights.chat_lines import DEFAULT_WORDS

Kind: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")]
SoundName: TypeAlias = Annotated[str, Field(max_length=200)]
SceneName: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
TRANSCRIPT_SUFFIXES = (".srt", ".vtt")


def _check_told(kind: NoticeType) -> NoticeType:
    if kind is NoticeType.GAP:
        raise ValueError("a gap is told to the reader who missed something, and to nobody else")
    return kind


ToldType: TypeAlias = Annotated[NoticeType, AfterValidator(_check_told)]


class Chat(Model):
    """What is looked for in the audience's chat, and how long after a moment they write about it."""

    words: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=40)], ...], Field(max_length=200)] = (
        DEFAULT_WORDS
    )
    lag_s: Annotated[float, Field(ge=0, le=60)] = 6.0


class Highlights(Model):
    """When signals make a highlight, and which sound each kind of it gets; a kind without one is silent."""

    threshold: Annotated[float, Field(ge=0.1, le=1)] = 0.6
    join_s: Annotated[float, Field(ge=1, le=30)] = 5.0
    accents: dict[Kind, SoundName] = Field(default_factory=dict, max_length=100)
    chat: Chat = Chat()


class Transcripts(Model):
    """What was said: in memory for ``ttl_s``, and on disk only where a ``file`` is given."""

    ttl_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    file: Place | None = None

    @field_validator("file")
    @classmethod
    def _is_subtitles(cls, path: Place | None) -> Place | None:
        if path is not None and path.suffix.lower() not in TRANSCRIPT_SUFFIXES:
            raise ValueError(f"must end in one of {', '.join(TRANSCRIPT_SUFFIXES)}")
        return path


class Webhook(Model):
    """An HTTP server that is told. With ``secret`` every request is signed (HMAC-SHA256)."""

    url: HookUrl
    secret: Token | None = None
    types: Annotated[tuple[ToldType, ...], Field(min_length=1)] = (NoticeType.HIGHLIGHT,)
    timeout_s: Annotated[float, Field(ge=0.1, le=60)] = 5.0


class ObsScene(Model, MixPatch):
    """What the room sounds like while OBS shows a scene; what is left out stays as it is."""

    describe: Description | None = None


class ObsHighlight(Model):
    """What OBS does on a highlight: a chapter in its recording, and a source of the current scene shown for a while."""

    chapter: bool = False
    source: SceneName | None = None
    show_s: Annotated[float, Field(ge=0.5, le=60)] = 4.0


class Obs(Model):
    """The OBS that makes the room's picture, through its WebSocket server (protocol 5); off without ``url``."""

    url: ObsUrl | None = None
    password: Token | None = None
    scenes: dict[SceneName, ObsScene] = Field(default_factory=dict, max_length=200)
    clip_on_replay_s: Annotated[float, Field(ge=1, le=600)] | None = None
    on_highlight: ObsHighlight = ObsHighlight()
