"""Sound alone into a file: WAV, MP3, FLAC or M4A, for renders without picture. Synchronous."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.errors import OutputError, reason
from livefoley.core.ticks import SAMPLES, TICK_RATE
from livefoley.system.files import SHARED, WholeFile

# By extension: FFmpeg's container, its codec, the sample format it takes, bits a second.
AUDIO_FORMATS = {
    "wav": ("wav", "pcm_s16le", "s16", 0),
    "flac": ("flac", "flac", "s16", 0),
    "mp3": ("mp3", "libmp3lame", "fltp", 192_000),
    "m4a": ("ipod", "aac", "fltp", 192_000),
}
_BLOCK = 4800


def write_audio(
    path: str | os.PathLike[str],
    blocks: Iterable[Stereo],
    format: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write ``blocks`` (each ``[2, n]``, 48 kHz) to ``path``, which appears whole or not at all.

    ``format`` is one of ``AUDIO_FORMATS``, by default what the extension says. Samples beyond full scale are clipped.
    Raises ``OutputError``; an error of ``blocks`` itself comes through, and nothing is left behind.
    """
    target = Path(path)
    settings = AUDIO_FORMATS.get((format or target.suffix.lstrip(".")).lower())
    if settings is None:
        raise OutputError(f"{target.name}: unknown kind of sound file; use {', '.join(AUDIO_FORMATS)}")
    with WholeFile(target, mode=SHARED, parents=True) as written:
        try:
            _encode(written, blocks, *settings, metadata or {})
        except (av.FFmpegError, OSError) as error:
            raise OutputError(f"{target}: cannot be written ({reason(error)})") from None
    return target


def _encode(
    path: Path, blocks: Iterable[Stereo], container: str, codec: str, form: str, rate: int, metadata: Mapping[str, str]
) -> None:
    with av.open(f"file:{path}", "w", format=container) as output:
        output.metadata.update(metadata)
        stream: Any = output.add_stream(codec, rate=TICK_RATE)
        stream.layout, stream.format, stream.time_base = "stereo", form, SAMPLES
        if rate:
            stream.bit_rate = rate
        stream.open()
        size, at = stream.frame_size or _BLOCK, 0
        for samples in _frames(blocks, size):
            frame: Any = AudioFrame.from_ndarray(_shaped(samples, form), format=form, layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = TICK_RATE, SAMPLES, at
            output.mux(stream.encode(frame))
            at += samples.shape[1]
        output.mux(stream.encode(None))


def _frames(blocks: Iterable[Stereo], size: int) -> Iterable[Stereo]:
    """Yield the samples of ``blocks`` in frames of ``size``, the last one shorter."""
    held = np.zeros((2, 0), np.float32)
    for block in blocks:
        held = np.concatenate((held, block), axis=1)
        whole = held.shape[1] // size * size
        yield from np.split(held[:, :whole], range(size, whole, size), axis=1) if whole else ()
        held = held[:, whole:]
    if held.shape[1]:
        yield held


def _shaped(samples: Stereo, form: str) -> NDArray[Any]:
    clipped = np.clip(samples, -1.0, 1.0)
    if form == "fltp":
        return np.ascontiguousarray(clipped, np.float32)
    return np.ascontiguousarray(np.round(clipped.T * 32767).astype(np.int16).reshape(1, -1))
