"""What a configuration says about clips: what each room keeps and cuts, and where all of them are made and go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from livefoley.clips.model import PROVIDER
from livefoley.clips.publish import check_place
from livefoley.clips.publish.naming import DEFAULT_NAME, check_name
from livefoley.clips.words import check_template
from livefoley.config.publishing import C2pa, Checks, Delivery
from livefoley.config.values import Megabytes, Model, Place
from livefoley.core.errors import ConfigError


def _check_destination(place: str) -> str:
    try:
        return check_place(place)
    except ConfigError as error:
        raise ValueError(str(error)) from None


Template: TypeAlias = Annotated[str, Field(max_length=200)]
ValueName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,31}$")]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=60)]
Destination: TypeAlias = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_check_destination)]


class Clips(Model):
    """What a room keeps and cuts clips from, by itself on highlights or when asked to."""

    enabled: bool = False
    on_highlight: bool = True
    lead_s: Seconds = 3.0
    tail_s: Seconds = 1.5
    longest_s: Annotated[float, Field(ge=1, le=600)] = 60.0
    keep_s: Annotated[float, Field(ge=10, le=3600)] = 180.0
    memory_mb: Annotated[int, Field(ge=16, le=100_000)] = 64
    disk_mb: Megabytes = 512
    exact: bool = False
    vertical: bool = False
    title: Template = "${room} ${kind} ${date} ${time}"
    tags: Annotated[tuple[Template, ...], Field(max_length=30)] = ("${room}", "${kind}", "${keyword}")
    values: dict[ValueName, Template] = Field(default_factory=dict, max_length=30)

    @model_validator(mode="after")
    def _parts_fit(self) -> Clips:
        for text in (self.title, *self.tags):
            try:
                check_template(text, self.values)
            except ConfigError as error:
                raise ValueError(str(error)) from None
        if self.longest_s > self.keep_s:
            raise ValueError("keep_s must be at least longest_s: a clip is cut from what is kept")
        return self


class ClipMaking(Model):
    """Where clips are made, captioned, checked and marked, and where they go: a directory or ``s3://bucket/prefix``.

    While that does not answer, clips wait in ``directory`` and go to ``backup_to``, if any.
    """

    directory: Place = Path("out/clips")
    publish_to: Destination | None = None
    backup_to: Destination | None = None
    name: Annotated[str, Field(max_length=200), AfterValidator(check_name)] = DEFAULT_NAME
    spool_mb: Megabytes = 2000
    captions: Literal["auto", "live", "full"] = "auto"
    provider: Annotated[str, Field(min_length=1, max_length=100)] = PROVIDER
    audible_notice: bool = False
    visible_notice: bool = False
    c2pa: C2pa = C2pa()
    checks: Checks = Checks()
    delivery: Delivery = Delivery()

    @property
    def place(self) -> str:
        """Where clips are published."""
        return self.publish_to or str(self.directory / "published")

    @property
    def spool(self) -> Path:
        """Where clips wait."""
        return self.directory / ".spool"
