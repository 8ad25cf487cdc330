"""Sound files in and out: anything FFmpeg decodes to 48 kHz stereo, FLAC out."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import BankError, reason
from livefoley.core.ticks import TICK_RATE

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3")
_FORMATS = "wav,flac,ogg,mp3"


def read(path: Path, longest_s: float = 60.0) -> Stereo:
    """Return a sound file as ``[2, n]`` at 48 kHz (mono on both sides), at most ``longest_s`` of it.

    Raises ``BankError`` with one line when it cannot be read or holds no sound.
    """
    try:
        blocks = _decode(path, round(longest_s * TICK_RATE))
    except (OSError, av.FFmpegError, ValueError, IndexError) as error:
        raise BankError(f"{path.name}: cannot be decoded ({reason(error)})") from error
    if not blocks:
        raise BankError(f"{path.name}: holds no sound")
    samples = np.concatenate(blocks, axis=1)[:, : round(longest_s * TICK_RATE)]
    if not np.all(np.isfinite(samples)):
        raise BankError(f"{path.name}: holds samples that are no numbers")
    return np.ascontiguousarray(samples, dtype=np.float32)


def _decode(path: Path, limit: int) -> list[Stereo]:
    blocks: list[Stereo] = []
    # the whitelist keeps playlists and other formats that can point elsewhere out
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    with av.open(str(path), options=options, metadata_errors="replace") as container:
        if not container.streams.audio:
            raise ValueError("no audio stream")
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=TICK_RATE)
        length = 0
        for frame in container.decode(container.streams.audio[0]):
            blocks += [_samples(block) for block in resampler.resample(frame)]
            length += frame.samples * TICK_RATE // max(1, frame.sample_rate)
            if length >= limit:
                break
        blocks += [_samples(block) for block in resampler.resample(None)]
    return blocks


def _samples(block: av.AudioFrame) -> Stereo:
    return np.asarray(block.to_ndarray(), dtype=np.float32)


def flac(samples: Stereo) -> bytes:
    """Return samples within +-1 as a FLAC file, 48 kHz stereo, 16 bits."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=TICK_RATE, layout="stereo")
        whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
        for at in range(0, whole.shape[1], 4608):
            block = np.ascontiguousarray(whole[:, at : at + 4608].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
            frame.sample_rate = TICK_RATE
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
