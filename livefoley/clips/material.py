"""What a clip is made of, as files in a job's directory: whoever makes the clip needs nothing else.

``material.json`` says what lies in ``pictures.bin`` (the payloads, one after the other), ``original.s16`` and
``stem.s16`` (16-bit stereo). The JSON is written last, so a directory with one is whole.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livefoley.clips.selection import BYTES_A_TICK, Picture, Piece, Selection
from livefoley.core.cues import Cue, Stereo
from livefoley.core.errors import InputError, OutputError
from livefoley.core.event_json import Event, cue_from_json, cue_to_json, event_from_json, event_to_json
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, Tick

INDEX, PICTURES, ORIGINAL, STEM = "material.json", "pictures.bin", "original.s16", "stem.s16"


@dataclass(frozen=True, slots=True)
class Material:
    """A selection that has been written down in ``directory``."""

    directory: Path
    start: Tick
    end: Tick
    info: TrackInfo | None
    pictures: tuple[Picture, ...]
    events: tuple[Event | Cue, ...]
    describe: str
    gaps: tuple[tuple[Tick, Tick, str], ...]

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs its pictures are of."""
        return tuple(dict.fromkeys(picture.epoch for picture in self.pictures))

    def units(self) -> Iterator[Unit]:
        """Yield its pictures in decode order."""
        with (self.directory / PICTURES).open("rb") as file:
            for picture in self.pictures:
                packet = Packet(MediaKind.VIDEO, file.read(picture.size), picture.pts, picture.dts, SAMPLES)
                if len(packet.data) != picture.size:
                    raise InputError(f"{file.name}: is cut off; the clip cannot be made")
                yield Unit(_keyed(packet, picture.keyframe), picture.pts, picture.dts, picture.epoch)

    def original(self) -> Stereo:
        """Return the original sound, ``[2, end - start]``."""
        return self._sound(ORIGINAL)

    def stem(self) -> Stereo:
        """Return the foley as it was live, ``[2, end - start]``."""
        return self._sound(STEM)

    def _sound(self, name: str) -> Stereo:
        samples = np.fromfile(self.directory / name, "<i2").reshape(-1, 2).T.astype(np.float32)
        return np.ascontiguousarray(samples / np.float32(32767))


def _keyed(packet: Packet, keyframe: bool) -> Packet:
    return packet if keyframe else Packet(packet.kind, packet.data, packet.pts, packet.dts, packet.time_base, False)


def write_material(selection: Selection, directory: Path) -> None:
    """Write ``selection`` into ``directory``; blocks. Raises ``OutputError``, or ``InputError`` for a lost chunk."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / PICTURES).open("wb") as file:
            for piece in selection.groups:
                file.writelines(_parts(piece))
        _write_sound(selection, directory)
        partial = directory / f"{INDEX}.partial"
        partial.write_text(json.dumps(_to_json(selection), ensure_ascii=False), encoding="utf-8")
        os.replace(partial, directory / INDEX)
    except OSError as error:
        raise OutputError(f"{directory}: the clip's material cannot be written ({error.strerror})") from None


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


def _to_json(selection: Selection) -> dict[str, Any]:
    info = selection.info
    return {
        "start": selection.start,
        "end": selection.end,
        "track": None
        if info is None
        else {
            "codec": info.codec,
            "extradata": base64.b64encode(info.extradata).decode(),
            "width": info.width,
            "height": info.height,
        },
        "pictures": [list(picture) for picture in selection.pictures],
        "events": [event_to_json(each) for each in selection.events if not isinstance(each, Cue)],
        "cues": [cue_to_json(each) for each in selection.events if isinstance(each, Cue)],
        "describe": selection.describe,
        "gaps": selection.gaps,
    }


def read_material(directory: Path) -> Material:
    """Return what `write_material` wrote; raises ``InputError``."""
    try:
        given = json.loads((directory / INDEX).read_text(encoding="utf-8"))
        track = given["track"]
        extradata = base64.b64decode(track["extradata"]) if track else b""
        return Material(
            directory=directory,
            start=given["start"],
            end=given["end"],
            info=TrackInfo(MediaKind.VIDEO, track["codec"], extradata, track["width"], track["height"])
            if track
            else None,
            pictures=tuple(Picture(*each) for each in given["pictures"]),
            events=(*map(event_from_json, given["events"]), *map(cue_from_json, given["cues"])),
            describe=given["describe"],
            gaps=tuple((start, end, what) for start, end, what in given["gaps"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory}: there is no clip's material ({type(error).__name__})") from None
