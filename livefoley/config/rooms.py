"""The ``rooms:`` half of a configuration: where a room's stream comes from, how it shall sound, where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, field_validator, model_validator

from livefoley.config.clips import Clips
from livefoley.config.highlights import Highlights, Obs, Transcripts, Webhook
from livefoley.config.rtmp_output import RtmpOutput
from livefoley.config.values import (
    PICTURE_SUFFIXES,
    GainDb,
    Model,
    Place,
    PullUrl,
    Recording,
    SrtUrl,
    StreamKey,
)
from livefoley.engine.hold import OnDrop
from livefoley.foley.chain import StudentUse
from livefoley.media.publisher_slot import OnDuplicate
from livefoley.perception.ears import LISTS

MAX_DESCRIPTION = 1000


Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
KeywordList: TypeAlias = Annotated[str, Field(max_length=500)]


class RtmpSource(Model):
    """A publisher that comes to us: ``rtmp://HOST:PORT/<app>`` with ``key`` as stream key."""

    key: StreamKey
    app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "live"
    on_duplicate: OnDuplicate = OnDuplicate.REPLACE


class WhipSource(Model):
    """A publisher that comes to ``http://HOST:8080/ROOM/whip`` with ``key`` as bearer token; H.264 and Opus."""

    key: StreamKey
    on_duplicate: OnDuplicate = OnDuplicate.REPLACE


class SrtSource(Model):
    """SRT through an ffmpeg child process; ``mode=listener`` in the URL waits for a caller."""

    url: SrtUrl


class _OneOf(Model):
    """A model of which exactly one of the keys that may be left out, its ``kinds``, is given."""

    kinds: ClassVar[tuple[str, ...]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.kinds = tuple(name for name, field in cls.model_fields.items() if field.default is None)

    @property
    def kind(self) -> str:
        """Which one is given."""
        return next(name for name in self.kinds if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _exactly_one(self) -> _OneOf:
        given = [name for name in self.kinds if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            raise ValueError(f"needs exactly one of {', '.join(self.kinds)}; found {found}")
        return self


class Source(_OneOf):
    """Where the stream comes from: exactly one of ``rtmp``, ``whip``, ``url``, ``file``, ``srt``."""

    rtmp: RtmpSource | None = None
    whip: WhipSource | None = None
    url: PullUrl | None = None
    file: Place | None = None
    srt: SrtSource | None = None
    loop: bool = False

    @model_validator(mode="after")
    def _only_files_loop(self) -> Source:
        if self.loop and self.file is None:
            raise ValueError("loop: true goes with file: only")
        return self


class Sink(_OneOf):
    """One output: exactly one of ``rtmp``, ``hls``, ``file``, ``srt``."""

    rtmp: RtmpOutput | None = None
    hls: Place | None = None
    file: Recording | None = None
    srt: SrtUrl | None = None

    @property
    def path(self) -> Path | None:
        """The file or directory it writes; None when it goes over the network."""
        return self.file or self.hls

    @property
    def stem(self) -> Sink | None:
        """Where the foley alone goes: ``x.stem.m4a`` beside ``x.mp4``, ``x-stem/`` beside the HLS ``x/``."""
        if self.file is not None:
            return Sink.model_construct(file=self.file.with_suffix(".stem.m4a"))
        if self.hls is not None:
            return Sink.model_construct(hls=self.hls.with_name(f"{self.hls.name}-stem"))
        return None


class Whep(Model):
    """Who may watch the room by WebRTC, at ``http://HOST:8080/ROOM`` or with a WHEP player.

    With ``key`` those who have it; else with ``public`` everybody who reaches the port; else whom the auth hook lets
    in; and without any of these, on a loopback listener, this machine.
    """

    key: StreamKey | None = None
    public: bool = False
    transcode: bool = False

    @model_validator(mode="after")
    def _one_rule(self) -> Whep:
        if self.key is not None and self.public:
            raise ValueError("key and public: true contradict each other; a room with a key is for those who have it")
        return self


class BedLevel(Model):
    """The ambience."""

    enabled: bool = True
    gain_db: GainDb = -24.0


class ActionsLevel(Model):
    """The sounds in sync with movement."""

    gain_db: GainDb = -12.0


class AccentsLevel(Model):
    """The highlights called through the API."""

    gain_db: GainDb = -9.0


class Foley(Model):
    """What is laid under the original, how loud, and whether what leaves is marked as generated.

    With ``follow`` the gains are those under an original of -20 LUFS: under a louder one foley is louder, under a
    quieter one quieter.
    """

    enabled: bool = True
    bed: BedLevel = BedLevel()
    actions: ActionsLevel = ActionsLevel()
    accents: AccentsLevel = AccentsLevel()
    student: StudentUse = StudentUse.AUTO
    duck_db: Annotated[float, Field(ge=0, le=30)] = 8.0
    follow: bool = True
    ceiling_dbtp: Annotated[float, Field(ge=-12, le=0)] = -1.0
    watermark: bool = False


class Actions(Model):
    """Which movements sound, and with what."""

    enabled: bool = True
    sound: Annotated[str, Field(max_length=200)] | None = None
    sensitivity: Annotated[float, Field(ge=0, le=1)] = 0.5


class Eyes(Model):
    """Whether what moves is looked at, so that a bottle sounds like a bottle; else the words alone decide.

    Where ``describe`` names no place, the picture's place gives the ambience. ``bias`` is how much surer than that the
    picture must be of another place than the one described: at 1 the description overrides it.
    """

    enabled: bool = True
    bias: Annotated[float, Field(ge=0, le=1)] = 1.0


class Microphone(Model):
    """Whether the original sound is compared with what moves: for the moments, and not to lay what is heard already."""

    learn: bool = True


class Listen(Model):
    """What the room listens for; needs the extra ``ears``. ``keywords`` are names of lists, or files of one's own.

    ``screen`` reads them in the picture, too; that needs the extra ``ocr``, and no ``enabled``. With ``steer``, things
    and places that are heard or read count among what the eyes see, for about a minute.
    """

    enabled: bool = False
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=8)] = ("zh", "en")
    keywords: Annotated[tuple[KeywordList, ...], Field(max_length=16)] = LISTS
    screen: bool = False
    steer: bool = True

    @field_validator("keywords")
    @classmethod
    def _are_lists(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in LISTS and Path(name).suffix not in (".yaml", ".yml"):
                raise ValueError(f"{name} is no keyword list; {', '.join(LISTS)}, or a .yaml file of your own")
        return names

    @property
    def files(self) -> tuple[Path, ...]:
        """The lists of one's own."""
        return tuple(Path(name) for name in self.keywords if name not in LISTS)


class Audio(Model):
    """The sound that leaves: AAC-LC, 48 kHz stereo."""

    bitrate_kbps: Annotated[int, Field(ge=64, le=320)] = 160


class Room(Model):
    """One stream in, the same stream out ``lookahead_s`` later with sound under it."""

    source: Source
    lookahead_s: Annotated[float, Field(ge=0.3, le=10)] = 1.5
    describe: Annotated[str, Field(max_length=MAX_DESCRIPTION)] = ""
    actions: Actions = Actions()
    eyes: Eyes = Eyes()
    microphone: Microphone = Microphone()
    foley: Foley = Foley()
    listen: Listen = Listen()
    highlights: Highlights = Highlights()
    transcripts: Transcripts = Transcripts()
    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=8)] = ()
    obs: Obs = Obs()
    clips: Clips = Clips()
    stem: bool = False
    on_drop: OnDrop = OnDrop.FREEZE
    slate: Place | None = None
    audio: Audio = Audio()
    whep: Whep = Whep()
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    sinks: Annotated[tuple[Sink, ...], Field(max_length=16)]

    @field_validator("slate")
    @classmethod
    def _is_a_picture(cls, path: Path | None) -> Path | None:
        if path is not None and path.suffix.lower() not in PICTURE_SUFFIXES:
            raise ValueError(f"must be a picture, one of {', '.join(PICTURE_SUFFIXES)}")
        return path

    @model_validator(mode="after")
    def _parts_fit(self) -> Room:
        if sum(sink.hls is not None for sink in self.sinks) > 1:
            raise ValueError("a room has one hls sink at most; it is served at /ROOM/hls/index.m3u8")
        if self.stem and self.sinks and not self.stem_sinks:  # without sinks it is for viewers by WHEP
            raise ValueError("stem: true needs a file or hls sink; the foley alone is written beside it")
        replay_s = self.obs.clip_on_replay_s
        if replay_s is not None and not (self.clips.enabled and replay_s <= self.clips.longest_s):
            raise ValueError("obs.clip_on_replay_s needs clips.enabled: true, and clips.longest_s at least as long")
        return self

    @property
    def stem_sinks(self) -> tuple[Sink, ...]:
        """The outputs of the foley alone; empty unless ``stem``."""
        return tuple(stem for sink in self.sinks if (stem := sink.stem)) if self.stem else ()

    @property
    def gives_original(self) -> bool:
        """Whether viewers by HLS can choose the original sound."""
        return self.stem and any(sink.hls is not None for sink in self.sinks)
