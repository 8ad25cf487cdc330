"""Sound files: what was given is in them, and a failed one leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.core.cues import Stereo
from livefoley.core.errors import OutputError
from livefoley.media.files.audio_file import AUDIO_FORMATS, write_audio


def blocks() -> Iterator[Stereo]:
    """Yield 2 s in odd pieces: a click at 1 s, left only."""
    sound = np.zeros((2, 96_000), np.float32)
    sound[0, 48_000:48_024] = 0.8
    yield from np.split(sound, range(777, 96_000, 777), axis=1)


@pytest.mark.parametrize("format", list(AUDIO_FORMATS))
def test_a_click_is_where_it_was_put(tmp_path: Path, format: str) -> None:
    path = write_audio(tmp_path / f"out.{format}", blocks(), metadata={"title": "rain"})
    assert list(tmp_path.iterdir()) == [path]
    sound = np.zeros((2, 100_000), np.float32)
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)
        zero = container.streams.audio[0].start_time or 0  # MP3 counts its priming, and says so
        for frame in container.decode(audio=0):
            at = round((frame.pts - zero) * frame.time_base * 48_000)
            for out in resampler.resample(frame):
                block = out.to_ndarray()[:, max(0, -at) :]
                sound[:, max(0, at) : max(0, at) + block.shape[1]] = block
        assert float(container.duration) / 1e6 == pytest.approx(2.0, abs=0.06)
    middle = float((np.abs(sound[0]) > 0.3).nonzero()[0].mean())
    assert middle == pytest.approx(48_011.5, abs=3 if format != "mp3" else 30)
    assert np.abs(sound[1]).max() < 0.3


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(OutputError, match="use wav, flac, mp3, m4a"):
        write_audio("out.xyz", [])


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Stereo]:
        yield np.zeros((2, 9000), np.float32)
        raise RuntimeError("no more sound")

    with pytest.raises(RuntimeError, match="no more sound"):
        write_audio(tmp_path / "out.wav", broken())
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_audio(tmp_path / "file" / "out.wav", blocks())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
