"""``livefoley generate`` and ``livefoley model``: one sound from words, and every mistake in one line."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from livefoley.core.cues import HIT, CueKind, SoundRequest, ambience_of
from livefoley.dsp.loudness import integrated_lufs
from livefoley.foley import audio_file
from livefoley.foley.chain import StudentUse
from livefoley.foley.makers import Makers
from livefoley.foley.student.settings import StudentSettings
from tests.support.command_line import run_here
from tests.support.media_files import make_clip

from .tiny import write_model


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    return partial(run_here, monkeypatch, capsys)


def test_a_sound_is_made_by_whoever_is_asked_and_its_cost_is_told(run, tmp_path: Path) -> None:
    model, wav = write_model(tmp_path), tmp_path / "a.wav"
    for source, seconds in (("student", 2.0), ("bank", None), ("procedural", 2.0)):
        code, out, err = run(
            "generate",
            "rain on a tin roof, 雨声",
            "-o",
            wav,
            "-f",
            "--seconds",
            2,
            "--source",
            source,
            "--model",
            model,
        )
        assert (code, err) == (0, "")
        assert ("student-tiny (onnx cpu, 1 step(s))" if source == "student" else f"by {source};") in out
        assert "s per second" in out
        samples = audio_file.read(wav)
        assert np.sqrt(np.mean(samples**2)) > 0.01
        if seconds:
            assert samples.shape[1] == seconds * 48_000


def test_one_seed_repeats_and_curves_are_taken(run, tmp_path: Path) -> None:
    model, curve = write_model(tmp_path), tmp_path / "curve.csv"
    curve.write_text("seconds,dB\n0,-60\n0.9,-60\n1.0,0\n2,0\n")
    made = []
    for name in ("a", "b"):
        code, _, err = run(
            "generate", "glass breaking", "-o", tmp_path / f"{name}.wav", "--seconds", 2, "--onsets", "1.0,1.5",
            "--envelope", curve, "--seed", 3, "--model", model,
        )  # fmt: skip
        assert (code, err) == (0, "")
        made.append(audio_file.read(tmp_path / f"{name}.wav"))
    np.testing.assert_array_equal(*made)
    assert np.abs(made[0][:, :40_000]).max() < 0.05 * np.abs(made[0][:, 50_000:]).max()


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("", [], "the description is empty"),
        ("x" * 10_000, [], "10000 characters is too long"),
        ("ሰላም ለዓለም", [], "use English or Chinese"),
        ("rain", ["--seconds", "nan"], "--seconds nan"),
        ("rain", ["--seconds", "1000"], "at most 60"),
        ("rain", ["--onsets", "0.5,x"], "want seconds with commas between"),
        ("rain", ["--onsets", "0.5,9"], "9 s lies outside"),
        ("rain", ["--envelope", "none.csv"], "none.csv: cannot be read"),
        ("rain", ["--model", "none"], "no model 'none'"),
        ("zzyzx", ["--source", "bank"], "bank: has no such sound"),
        ("zzyzx", ["--source", "procedural"], "procedural: "),
        ("rain", ["--source", "bank", "--onsets", "0.5"], "bank: has its sounds as they are, with no curves"),
    ],
)
def test_a_mistake_costs_one_line(run, tmp_path: Path, text: str, more: list[str], said: str) -> None:
    given = [] if "--source" in more else ["--source", "student"]
    weights = [] if "--model" in more else ["--model", write_model(tmp_path)]
    code, out, err = run("generate", text, "-o", tmp_path / "a.wav", *given, *weights, *more)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no points"),
        ("0,nan\n", "curve.csv:1: holds a value that is no number"),
        ("0,-3\n1,x\n", "curve.csv:2: want two numbers"),
        ("0,-3\n0,-6\n", "do not go up"),
        ("\0\1\2", "cannot be read|want two numbers|holds no points"),
    ],
)
def test_a_bad_curve_costs_one_line(run, tmp_path: Path, content: str, said: str) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text(content)
    code, _, err = run(
        "generate", "rain", "-o", tmp_path / "a.wav", "--envelope", curve, "--model", write_model(tmp_path)
    )
    assert code == 1
    assert any(each in err for each in said.split("|"))
    assert err.count("\n") == 1


def test_weights_with_a_wrong_hash_are_refused_and_found_by_verify(run, tmp_path: Path) -> None:
    model = write_model(tmp_path / "cache" / "students", "student-own")
    assert run("model", "verify")[0] == 0
    assert "student-own" in run("model", "list")[1]
    assert "s per s of sound" in run("model", "bench", "own", "--batch", 1, "--repeats", 3)[1]
    model.with_suffix(".onnx").write_bytes(b"other")
    code, _, err = run("generate", "rain", "-o", tmp_path / "a.wav", "--source", "student", "--model", "own")
    assert code == 1
    assert "SHA-256" in err
    code, out, _ = run("model", "verify")
    assert code == 1
    assert "SHA-256" in out


def test_offline_the_bank_keeps_what_it_has_and_a_student_that_fails_is_stood_in_for(tmp_path: Path) -> None:
    good, bad, missing = (
        Makers(student=StudentSettings(model, "cpu", 1), cache_directory=tmp_path)
        for model in (
            str(write_model(tmp_path)),
            str(write_model(tmp_path, "student-nan", fault="nan")),
            str(tmp_path / "none.json"),
        )
    )
    known, unknown = (SoundRequest(CueKind.ACTION, text, onsets_s=HIT) for text in ("footsteps on gravel", "a raptor"))
    chain = good.chain()
    assert [sound.source for sound in map(chain.make, (known, unknown)) if sound is not None] == ["bank", "student"]
    for makers in (bad, missing):
        stand_in = makers.chain().make(unknown)
        assert stand_in is not None
        assert stand_in.source == "bank"
    place = ambience_of("a", "a volcano", 1)
    for use, makers, source in (
        (StudentUse.AUTO, good, "student"),
        (StudentUse.ALWAYS, good, "student"),
        (StudentUse.NEVER, good, "procedural"),
        (StudentUse.ALWAYS, bad, "procedural"),
        (StudentUse.ALWAYS, missing, "procedural"),
    ):
        bed = makers.chain(use).bed(place)
        assert np.abs(bed.read(4800)).max() > 0.001
        assert bed.source == source
    assert good.chain().bed(ambience_of("a", "rain", 1)).source == "procedural"
    assert good.chain(StudentUse.ALWAYS).bed(ambience_of("a", "rain", 1)).source == "student"


def test_the_student_is_opened_when_it_is_asked_for_something_and_once(tmp_path: Path) -> None:
    makers = Makers(student=StudentSettings(str(write_model(tmp_path)), "cpu", 1), cache_directory=tmp_path)
    assert makers.student is not None
    (tmp_path / "student-tiny.json").rename(tmp_path / "aside.json")
    known = makers.chain().make(SoundRequest(CueKind.ACTION, "knocking"))
    assert known is not None
    (tmp_path / "aside.json").rename(tmp_path / "student-tiny.json")
    student = makers.student.student()
    assert makers.chain().make(SoundRequest(CueKind.ACTION, "a raptor", onsets_s=HIT)) is not None
    assert makers.student.student() is student


def test_a_single_sound_that_the_student_cannot_make_is_made_by_whoever_has_it(run, tmp_path: Path) -> None:
    silent = write_model(tmp_path, fault="silent")
    for text, by in (("knocking", "by bank;"), ("kitchen", "by procedural;")):
        code, out, err = run("generate", text, "-o", tmp_path / "a.wav", "-f", "--seconds", 1, "--model", silent)
        assert (code, err) == (0, "")
        assert by in out
    code, out, err = run("generate", "zzyzx", "-o", tmp_path / "b.wav", "--seconds", 2, "--model", silent)
    assert (code, err) == (0, "")
    assert "neutral: nobody knows these words" in out
    neutral = audio_file.read(tmp_path / "b.wav")
    assert neutral.shape[1] == 2 * 48_000
    assert -40 < integrated_lufs(neutral) < -20
    code, _, err = run("generate", "zzyzx", "-o", tmp_path / "c.wav", "--source", "student", "--model", silent)
    assert code == 1
    assert "student: the model made silence" in err


def test_a_file_is_rendered_with_the_student_where_there_are_weights(run, tmp_path: Path) -> None:
    clip, report = tmp_path / "clip.mp4", tmp_path / "report.json"
    make_clip(clip, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", seconds=2.0)
    options = ("--describe", "a volcano", "-o", tmp_path / "o.wav", "-f", "--report", report)
    for more, maker in ((("--steps", 2), "student"), (("--no-student",), "procedural")):
        code, out, err = run("render", clip, *options, *more)
        assert (code, err) == (0, "")
        assert f"over a {maker} bed" in out
        assert json.loads(report.read_text())["bed"] == maker
