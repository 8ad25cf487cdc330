"""A clip's sound with its watermark: laid into the finished mix, encoded, and read back from what was encoded.

What is heard is the mix, and it hides far more than quiet foley under a voice does; so the mark lies in the mix, over
the whole clip, and is as loud as the mix allows. It is looked for in the encoded sound, as anybody would, and is laid
in again a step louder when it cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.clips.model import Watermark
from livefoley.clips.ports import Marks
from livefoley.clips.sound import Mastered, with_mark
from livefoley.core.cues import Stereo
from livefoley.core.media import Packet, TrackInfo
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.dsp.levels import linear_from_db
from livefoley.media.audio_codecs import AacEncoder, make_decoder

STRENGTHS_DB = (-2.0, 0.0)
"""What is tried, against the masking threshold. At the last the mark is as loud as it may be without being heard."""

PIECE_S = 60
"""How much is listened to at a time, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class EncodedSound:
    """A clip's finished sound, what it was encoded to, and whether its mark was read there."""

    mastered: Mastered
    info: TrackInfo
    packets: Sequence[Packet]
    watermark: Watermark


def encode_marked(mastered: Mastered, marks: Marks, content_id: str, bitrate: int, start: Tick) -> EncodedSound:
    """Encode the mix with the mark of ``content_id``, the first packets at ``start``.

    Nothing is marked where nothing was generated: that clip is as it was sent.
    """
    if not mastered.stem.any():
        return _encoded(mastered, bitrate, start)
    mark = marks.watermark(mastered.mix, content_id)
    for strength_db in STRENGTHS_DB:
        made = _encoded(with_mark(mastered, mark * np.float32(linear_from_db(strength_db))), bitrate, start)
        watermark = read_back(marks, made.info, made.packets, content_id)
        if watermark.readable:
            break
    return EncodedSound(made.mastered, made.info, made.packets, watermark)


def read_back(marks: Marks, info: TrackInfo, packets: Iterable[Packet], content_id: str) -> Watermark:
    """Return the best reading of the mark in any piece of the sound that ``packets`` hold."""
    best = Watermark()
    for piece in _pieces(info, packets):
        best = max(best, marks.read_watermark(piece, content_id), key=lambda found: (found.readable, found.score))
        if best.readable:
            break
    return best


def _pieces(info: TrackInfo, packets: Iterable[Packet]) -> Iterator[NDArray[np.float32]]:
    """Yield the decoded sound, mono, ``[n]``, ``PIECE_S`` at a time."""
    decoder = make_decoder(info)
    blocks: list[NDArray[np.float32]] = []
    for packet in packets:
        blocks += [samples.mean(axis=0) for _, samples in decoder.decode(packet)]
        if sum(map(len, blocks)) >= PIECE_S * TICK_RATE:
            yield np.concatenate(blocks)
            blocks = []
    if blocks:
        yield np.concatenate(blocks)


def _encoded(mastered: Mastered, bitrate: int, start: Tick) -> EncodedSound:
    encoder = AacEncoder(bitrate)
    return EncodedSound(mastered, encoder.info, list(_packets(encoder, mastered.mix, start)), Watermark())


def _packets(encoder: AacEncoder, samples: Stereo, start: Tick) -> Iterator[Packet]:
    for at in range(0, samples.shape[1], TICK_RATE):
        yield from encoder.encode(samples[:, at : at + TICK_RATE], start + at)
    yield from encoder.flush()
