"""Clips that begin and end to the frame, or that show a notice at first: the groups at the ends of the clip, as far as
needed, are encoded anew, and all between them is copied.

The new pictures stand in the same track under parameter sets of another id, which the track's configuration carries
beside the publisher's own; a decoder changes from one to the other at a keyframe. Where that cannot be (another codec
than H.264, no whole group between the ends) the whole clip is encoded anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from livefoley.clips.buffer.chunks import Picture
from livefoley.clips.buffer.selection import whole_end
from livefoley.clips.jobs.files import Pictures
from livefoley.clips.pictures.decode import frames
from livefoley.clips.pictures.encode import PictureEncoder
from livefoley.clips.pictures.visible_notice import SHOWN, with_visible_notice
from livefoley.core.errors import InputError
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import Tick
from livefoley.formats import nal
from livefoley.formats.bits import Bits
from livefoley.formats.sps import sequence_parameters

MAX_SET_ID = 31  # of an SPS
_ENCODED = (1, 8, 8)  # 4:2:0, 8 bits


def cut_exactly(pictures: Pictures) -> Pictures:
    """Return pictures of which none lies outside ``start`` to ``end``, with the notice in them if they are ``noticed``.

    Raises ``InputError`` when none can be had.
    """
    first = pictures.start + (SHOWN if pictures.noticed else 0)
    return _bordered(pictures, *_between(pictures, first)) or encoded(pictures)


def with_notice(pictures: Pictures) -> Pictures:
    """Return ``noticed`` pictures with the notice in the first of them, the others copied. Raises as `cut_exactly`."""
    first, _, _ = _between(pictures, pictures.start + SHOWN)
    return _bordered(pictures, first, len(pictures.units), clean=True) or encoded(pictures)


def encoded(pictures: Pictures) -> Pictures:
    """Return the pictures encoded anew, all of them."""
    border = _Border(pictures, 0)
    units = border.encode(pictures.start, pictures.end)
    if border.info is None:
        raise InputError("no picture of the clip can be decoded")
    return replace(pictures, info=replace(border.info, display=pictures.info.display), units=tuple(units))


def _bordered(pictures: Pictures, first: int, stop: int, clean: bool) -> Pictures | None:
    """Return the pictures with new borders about what is copied; ``clean``: the clip ends with that.

    None when there is nothing to copy between them, or no way to join them.
    """
    set_id = free_set_id(pictures.info)
    if set_id is None or first >= stop:
        return None
    key = pictures.units[first]
    middle = [unit for unit in pictures.units[first:stop] if unit.pts >= key.pts]
    head, tail = _Border(pictures, set_id), _Border(pictures, set_id)
    before = head.encode(pictures.start, key.pts)
    after = [] if clean else tail.encode(max(unit.pts for unit in middle) + 1, pictures.end)
    infos = {border.info for border in (head, tail) if border.info is not None}
    if len(infos) > 1 or (pictures.noticed and head.info is None):
        return None
    delay = key.pts - key.dts  # of the publisher's pictures: all of them must be decoded in one order
    units = [*_earlier(before, delay), *middle, *_earlier(after, delay)]
    return replace(pictures, info=joined(pictures.info, *infos), units=tuple(units))


def _between(pictures: Pictures, begin: Tick) -> tuple[int, int, bool]:
    """Return from where to where units can be copied, ``begin`` or later, and whether the clip ends there."""
    units = pictures.units
    keys = [i for i, u in enumerate(units) if u.packet.keyframe and begin <= u.pts < pictures.end]
    if not keys:
        return len(units), len(units), False
    listed = [Picture(0, unit.pts, unit.dts, unit.epoch, unit.packet.keyframe) for unit in units]
    count, end = whole_end(listed, pictures.end)
    return (keys[0], count, True) if end <= pictures.end else (keys[0], keys[-1], False)


class _Border:
    """Pictures at one end of a clip, encoded anew."""

    def __init__(self, pictures: Pictures, set_id: int) -> None:
        self._pictures = pictures
        self._encoder = PictureEncoder(set_id)

    @property
    def info(self) -> TrackInfo | None:
        """The parameters of what was encoded, if anything was."""
        return self._encoder.info

    def encode(self, start: Tick, end: Tick) -> list[Unit]:
        """Return the pictures shown from ``start`` to before ``end``."""
        needed = _needed(self._pictures.units, start, end)
        shown = frames(self._pictures.info, needed, start, end)
        if self._pictures.noticed:
            shown = with_visible_notice(shown, self._pictures.start + SHOWN, self._pictures.info.display)
        return list(self._encoder.encode(shown, needed[0].epoch if needed else 0))


def _needed(units: Sequence[Unit], start: Tick, end: Tick) -> Sequence[Unit]:
    """Return the units that a decoder needs to show what lies from ``start`` to ``end``.

    From the keyframe before the one before ``start`` on: pictures right after a keyframe may refer to what was before.
    """
    keys = [index for index, unit in enumerate(units) if unit.packet.keyframe and unit.pts <= start]
    last = max((index for index, unit in enumerate(units) if unit.pts < end), default=-1)
    return units[keys[-2] if len(keys) > 1 else 0 : last + 1]


def _earlier(units: Iterable[Unit], delay: Tick) -> list[Unit]:
    """Return units that are decoded ``delay`` before they are shown."""
    return [replace(unit, dts=unit.pts - delay) for unit in units]


def free_set_id(info: TrackInfo) -> int | None:
    """Return an id that no parameter set of an H.264 track has; None for another codec, for odd parameters, and for
    what is not 8-bit 4:2:0: players do not change over to that, which is what borders are encoded in."""
    if info.codec != "h264" or nal.length_size("h264", info.extradata) != 4:
        return None
    try:
        sets = list(nal.sets_of("h264", info.extradata))
        taken = {_set_id(unit) for unit in sets}
        forms = {_form(unit) for unit in sets if nal.unit_type("h264", unit) == nal.H264_SPS}
    except (ValueError, IndexError):
        return None
    if forms - {_ENCODED}:
        return None
    return next((number for number in range(MAX_SET_ID + 1) if number not in taken), None)


def _form(sps: bytes) -> tuple[int, int, int]:
    found = sequence_parameters("h264", sps)
    return found.chroma_format, found.luma_bits, found.chroma_bits


def _set_id(unit: bytes) -> int:
    """Return the id of an SPS (after profile, constraints and level) or of a PPS."""
    return Bits(unit[4:12] if nal.unit_type("h264", unit) == nal.H264_SPS else unit[1:9]).ue()


def joined(info: TrackInfo, *others: TrackInfo) -> TrackInfo:
    """Return H.264 parameters that carry the sets of all of them."""
    sets = [unit for each in (info, *others) for unit in nal.sets_of("h264", each.extradata)]
    return replace(info, extradata=nal.configuration("h264", nal.parameter_sets("h264", sets)))
