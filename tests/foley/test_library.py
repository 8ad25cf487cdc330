"""An operator's own sounds are taken in, made even and indexed; what is no good costs one line."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.core.cues import CueKind, SoundRequest
from livefoley.core.errors import BankError
from livefoley.dsp.levels import linear_from_db, peak
from livefoley.dsp.loudness import loudest_lufs
from livefoley.foley import audio_file, levels
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.bank.library import INDEX, LONGEST_S, Library


def write(path: Path, samples: np.ndarray, rate: int, codec: str) -> None:
    """Write ``[channels, n]`` as a sound file in any container PyAV knows by suffix."""
    layout = "stereo" if samples.shape[0] == 2 else "mono"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts = 0
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate, frame_size=1024)
        for block in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


def hit(rate: int, channels: int = 1, silence_s: float = 0.3, level: float = 0.2) -> np.ndarray:
    """Return silence, then a decaying tone that starts at once."""
    t = np.arange(rate) / rate
    tone = level * np.sin(2 * np.pi * 440 * t + 1.5) * np.exp(-t * 6)
    return np.tile(np.concatenate((np.zeros(int(silence_s * rate)), tone)), (channels, 1))


@pytest.mark.parametrize(
    ("suffix", "codec", "rate", "channels"),
    [
        ("wav", "pcm_s16le", 44100, 1),
        ("flac", "flac", 48000, 2),
        ("mp3", "mp3", 44100, 2),
        ("ogg", "libopus", 48000, 1),
        ("opus", "libopus", 48000, 2),
    ],
)
def test_a_sound_of_any_format_is_taken_in(tmp_path: Path, suffix: str, codec: str, rate: int, channels: int) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / f"METLImpt_Pan Lid.{suffix}", hit(rate, channels), rate, codec)
    report = Library.add(tmp_path / "in", tmp_path / "bank")
    assert report.added == ("METLImpt_Pan Lid",), report.problems
    library = Library(tmp_path / "bank")
    (entry,) = library.entries
    samples = library.read(entry)
    assert samples.shape == (2, entry.samples)
    assert peak(samples) <= linear_from_db(levels.PEAK_DBFS) + 0.01
    assert loudest_lufs(samples) == pytest.approx(levels.EFFECT_LUFS, abs=0.6)
    assert entry.onset <= 480, "the silence before the onset is cut"
    assert np.abs(samples[:, entry.onset : entry.onset + 200]).max() > 0.2 * peak(samples)


def test_bad_files_cost_one_line_each_and_the_rest_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    write(source / "deep" / "WOODImpt_Good.wav", hit(48000), 48000, "pcm_s16le")
    write(source / "holiday.wav", hit(48000), 48000, "pcm_s16le")
    write(source / "RAIN_Silence.wav", np.zeros((1, 48000)), 48000, "pcm_s16le")
    (source / "RAIN_Junk.wav").write_bytes(b"RIFF not really a sound")
    (source / "RAIN_Empty.mp3").write_bytes(b"")
    (source / "RAIN_Playlist.ogg").write_text("#EXTM3U\nhttp://127.0.0.1:1/x\n")
    (source / "notes.txt").write_text("not a sound")
    report = Library.add(source, tmp_path / "bank")
    assert report.added == ("WOODImpt_Good",)
    assert len(report.problems) == 5
    for name in ("holiday.wav", "RAIN_Silence.wav", "RAIN_Junk.wav", "RAIN_Empty.mp3", "RAIN_Playlist.ogg"):
        (line,) = [line for line in report.problems if line.startswith(name)]
        assert "\n" not in line
    assert len(Library(tmp_path / "bank").entries) == 1


def test_the_same_content_is_taken_in_once(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write(source / "WOODImpt_A.wav", hit(48000), 48000, "pcm_s16le")
    (source / "WOODImpt_B.wav").write_bytes((source / "WOODImpt_A.wav").read_bytes())
    report = Library.add(source, tmp_path / "bank")
    assert (len(report.added), len(report.duplicates)) == (1, 1)
    again = Library.add(source, tmp_path / "bank")
    assert (len(again.added), len(again.duplicates)) == (0, 2)
    assert len(Library(tmp_path / "bank").entries) == 1


def test_a_long_sound_is_cut(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (1, 8000 * 40))
    write(tmp_path / "in" / "AMBRoom_Long.wav", noise, 8000, "pcm_s16le")
    Library.add(tmp_path / "in", tmp_path / "bank")
    assert Library(tmp_path / "bank").entries[0].samples <= LONGEST_S * 48000


def test_a_directory_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="no such directory"):
        Library.add(tmp_path / "absent", tmp_path / "bank")


def test_a_damaged_index_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("{")
    with pytest.raises(BankError, match="is no index"):
        Library(tmp_path)
    for entry in ({"name": "x"}, "x", None):
        (tmp_path / INDEX).write_text(json.dumps({"format": 1, "entries": [entry]}))
        with pytest.raises(BankError, match="is no index"):
            Library(tmp_path)


def asked(**changes: object) -> SoundRequest:
    return SoundRequest(**{"kind": CueKind.ACTION, **changes})  # type: ignore[arg-type]


@pytest.fixture
def own(tmp_path: Path) -> Library:
    source = tmp_path / "in"
    source.mkdir()
    for k, name in enumerate(("FEETHmn_Gravel Boots", "METLImpt_Pan Lid", "TOOLPowr_Drill")):
        write(source / f"{name}.wav", hit(48000, level=0.1 + 0.1 * k), 48000, "pcm_s16le")
    Library.add(source, tmp_path / "bank")
    return Library(tmp_path / "bank")


def test_own_sounds_win_over_built_in_ones_of_their_category(own: Library) -> None:
    bank = EffectBank(libraries=[own])
    sound = bank.make(asked(effect="METLImpt_Hit", seed=5))
    assert sound is not None
    assert (sound.source, sound.name) == ("library", "METLImpt_Pan Lid")
    assert np.argmax(np.abs(sound.samples[0]) > 0.1) <= sound.onset + 100


def test_an_own_gravel_step_leaves_the_wooden_one_alone(own: Library) -> None:
    bank = EffectBank(libraries=[own])
    gravel, wood = bank.make(asked(effect="FEETHmn_Gravel")), bank.make(asked(effect="FEETHmn_Wood"))
    assert gravel is not None
    assert wood is not None
    assert (gravel.source, wood.source) == ("library", "bank")


def test_own_sounds_without_a_built_in_twin_are_found_by_name_catid_and_text(own: Library) -> None:
    bank = EffectBank(libraries=[own])
    for wanted in ("TOOLPowr_Drill", "TOOLPowr"):
        sound = bank.make(asked(effect=wanted))
        assert sound is not None
        assert sound.name == "TOOLPowr_Drill"
    assert bank.find("drill") == ("TOOLPowr_Drill",)
    assert bank.describe("TOOLPowr_Drill").source == "library"


def test_a_library_sound_that_has_vanished_is_passed_over(own: Library) -> None:
    for entry in own.entries:
        (own.directory / entry.file).unlink()
    sound = EffectBank(libraries=[own]).make(asked(effect="METLImpt_Hit"))
    assert sound is not None
    assert sound.source == "bank"


def test_flac_is_written_without_loss_at_16_bits(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (2, 10_007)).astype(np.float32)
    (tmp_path / "x.flac").write_bytes(audio_file.flac(samples))
    assert np.abs(audio_file.read(tmp_path / "x.flac") - samples).max() < 2 / 32767
