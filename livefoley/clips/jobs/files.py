"""What a clip is made of, as files in a job's directory: whoever makes the clip needs nothing else.

``material.json`` says what lies in ``pictures.bin`` (the payloads, one after the other), ``original.s16`` and
``stem.s16`` (16-bit stereo). The JSON is written last, so a directory with one is whole.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path
from typing import Any

import numpy as np

from livefoley.clips.buffer.choices import Choices
from livefoley.clips.buffer.chunks import BYTES_A_TICK, Picture, Piece
from livefoley.clips.buffer.selection import Selection
from livefoley.clips.jobs.choices_json import choices_from_json, choices_to_json
from livefoley.core.cues import Cue, Stereo
from livefoley.core.errors import InputError, OutputError, reason
from livefoley.core.event_json import Event, cue_from_json, cue_to_json, event_from_json, event_to_json
from livefoley.core.media import Display, MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, Tick
from livefoley.system.files import write_whole

ENCODED, ENCODED_PICTURES = "encoded.json", "encoded.bin"
INDEX, PICTURES, ORIGINAL, STEM = "material.json", "pictures.bin", "original.s16", "stem.s16"


@dataclass(frozen=True, slots=True)
class Pictures:
    """A clip's pictures in decode order: shown from ``start`` to ``end``, those before are there to be decoded.

    ``noticed``: a notice that the sound is generated stands in the first of them.
    """

    info: TrackInfo
    units: tuple[Unit, ...]
    start: Tick
    end: Tick
    noticed: bool = False


@dataclass(frozen=True, slots=True)
class ClipInput:
    """A selection that has been written down in ``directory``."""

    directory: Path
    start: Tick
    end: Tick
    info: TrackInfo | None
    pictures: tuple[Picture, ...]
    events: tuple[Event | Cue, ...]
    describe: str
    gaps: tuple[tuple[Tick, Tick, str], ...]
    choices: Choices = field(default_factory=Choices)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs its pictures are of."""
        return tuple(dict.fromkeys(picture.epoch for picture in self.pictures))

    def units(self) -> Iterator[Unit]:
        """Yield its pictures in decode order."""
        with (self.directory / PICTURES).open("rb") as file:
            for picture in self.pictures:
                yield _unit(picture, file.read(picture.size))

    def original(self) -> Stereo:
        """Return the original sound, ``[2, end - start]``."""
        return self._sound(ORIGINAL)

    def stem(self) -> Stereo:
        """Return the foley as it was live, ``[2, end - start]``."""
        return self._sound(STEM)

    def _sound(self, name: str) -> Stereo:
        samples = np.fromfile(self.directory / name, "<i2").reshape(-1, 2).T.astype(np.float32)
        return np.ascontiguousarray(samples / np.float32(32767))


def write_encoded(pictures: Pictures, directory: Path) -> None:
    """Write pictures down that were encoded anew, so that it is done once. Raises ``OutputError``."""
    listed = [(len(u.packet.data), u.pts, u.dts, u.epoch, u.packet.keyframe) for u in pictures.units]
    span = {"start": pictures.start, "end": pictures.end, "noticed": pictures.noticed}
    index = {"track": _track_to_json(pictures.info), "pictures": listed, **span}
    try:
        with (directory / ENCODED_PICTURES).open("wb") as file:
            file.writelines(unit.packet.data for unit in pictures.units)
        write_whole(directory / ENCODED, json.dumps(index))
    except OSError as error:
        raise OutputError(f"{directory}: the clip's pictures cannot be written ({reason(error)})") from None


def read_encoded(directory: Path) -> Pictures | None:
    """Return what `write_encoded` wrote; None when it has not been done."""
    try:
        given = json.loads((directory / ENCODED).read_text(encoding="utf-8"))
        with (directory / ENCODED_PICTURES).open("rb") as file:
            units = tuple(_unit(each, file.read(each.size)) for each in starmap(Picture, given["pictures"]))
        return Pictures(_track_from_json(given["track"]), units, given["start"], given["end"], given["noticed"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _unit(picture: Picture, data: bytes) -> Unit:
    if len(data) != picture.size:
        raise InputError("the clip's pictures are cut off; it cannot be made")
    packet = Packet(MediaKind.VIDEO, data, picture.pts, picture.dts, SAMPLES, picture.keyframe)
    return Unit(packet, picture.pts, picture.dts, picture.epoch)


def write_input(selection: Selection, directory: Path) -> None:
    """Write ``selection`` into ``directory``; blocks. Raises ``OutputError``, or ``InputError`` for a lost chunk."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / PICTURES).open("wb") as file:
            for piece in selection.groups:
                file.writelines(_parts(piece))
        _write_sound(selection, directory)
        write_whole(directory / INDEX, json.dumps(_to_json(selection), ensure_ascii=False))
    except OSError as error:
        raise OutputError(f"{directory}: the input of the clip cannot be written ({reason(error)})") from None


def _parts(piece: Piece) -> Iterable[bytes]:
    if piece.where is None:
        return piece.parts
    try:
        return [Path(str(piece.where)).read_bytes()]
    except OSError:
        raise InputError("a part of the room's buffer on disk is gone; the clip cannot be made") from None


def _write_sound(selection: Selection, directory: Path) -> None:
    """Write both sounds from ``start`` to ``end``, silence where there is none."""
    length = (selection.end - selection.start) * BYTES_A_TICK
    sounds = [bytearray(length), bytearray(length)]
    for (start, sizes), piece in zip(selection.sounds, selection.blocks, strict=True):
        whole = b"".join(_parts(piece))
        at = (start - selection.start) * BYTES_A_TICK
        for sound, part in zip(sounds, (whole[: sizes[0]], whole[sizes[0] :]), strict=True):
            first, last = max(0, -at), min(len(part), length - at)
            if last > first:
                sound[at + first : at + last] = part[first:last]
    for name, sound in zip((ORIGINAL, STEM), sounds, strict=True):
        (directory / name).write_bytes(sound)


def _track_to_json(info: TrackInfo) -> dict[str, Any]:
    extradata = base64.b64encode(info.extradata).decode()
    display = [list(info.display.matrix), base64.b64encode(info.display.boxes).decode()]
    size = {"width": info.width, "height": info.height}
    return {"codec": info.codec, "extradata": extradata, **size, "display": display}


def _track_from_json(given: dict[str, Any]) -> TrackInfo:
    extradata = base64.b64decode(given["extradata"])
    matrix, boxes = given["display"]
    display = Display(tuple(matrix), base64.b64decode(boxes))
    return TrackInfo(MediaKind.VIDEO, given["codec"], extradata, given["width"], given["height"], display=display)


def _to_json(selection: Selection) -> dict[str, Any]:
    info = selection.info
    return {
        "start": selection.start,
        "end": selection.end,
        "track": _track_to_json(info) if info is not None else None,
        "pictures": [list(picture) for picture in selection.pictures],
        "events": [event_to_json(each) for each in selection.events if not isinstance(each, Cue)],
        "cues": [cue_to_json(each) for each in selection.events if isinstance(each, Cue)],
        "describe": selection.describe,
        "gaps": selection.gaps,
        "choices": choices_to_json(selection.choices),
    }


def read_input(directory: Path) -> ClipInput:
    """Return what `write_input` wrote; raises ``InputError``."""
    try:
        given = json.loads((directory / INDEX).read_text(encoding="utf-8"))
        return ClipInput(
            directory=directory,
            start=given["start"],
            end=given["end"],
            info=_track_from_json(given["track"]) if given["track"] else None,
            pictures=tuple(Picture(*each) for each in given["pictures"]),
            events=(*map(event_from_json, given["events"]), *map(cue_from_json, given["cues"])),
            describe=given["describe"],
            gaps=tuple((start, end, what) for start, end, what in given["gaps"]),
            choices=choices_from_json(given["choices"]) if "choices" in given else Choices(),  # older ones have none
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory}: there is no input of a clip ({type(error).__name__})") from None
