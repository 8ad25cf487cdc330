"""Sound for a video: divided, watched, joined; and what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import InputError
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, MotionKind, MotionOnset, SceneCut, Sight
from livefoley.core.ticks import TICK_RATE
from livefoley.demo.measure import find_onsets_s, match_onsets
from livefoley.engine.offline import PREROLL
from livefoley.marks.detect import detect
from livefoley.marks.labels import read_labels
from livefoley.renders.layout import SHORTEST, WARM_UP, Layout, divide
from livefoley.renders.make import ambiences, joined, make
from livefoley.renders.model import OutputFormat, RenderLimits, RenderRequest
from livefoley.renders.order import Order
from tests.clips import videos
from tests.clips.sounds import read
from tests.media.clips import encrypted

CONTENT_ID = "00c0ffee1234abcd"
HOP = 512


@pytest.fixture(scope="module")
def play() -> tuple[Path, list[float]]:
    return videos.play()


def order(source: Path, output: Path, processes: int = 2, mix: bool = False) -> Order:
    request = RenderRequest(videos.DESCRIPTION, OutputFormat(output.suffix[1:]), mix)
    return Order(source, output, CONTENT_ID, "Mei TV", (), request, RenderLimits(processes=processes))


@given(st.integers(1, 600 * TICK_RATE), st.integers(1, 64), st.integers(1000, 10 * TICK_RATE))
def test_pieces_cover_a_file_without_gap_and_begin_early_enough_at_a_keyframe(end: int, most: int, apart: int) -> None:
    layout = Layout(0, end, True, False, tuple(range(0, end, apart)))
    pieces = divide(layout, most)
    assert (pieces[0].start, pieces[-1].end) == (0, end)
    assert all(one.end == other.start for one, other in itertools.pairwise(pieces))
    assert len(pieces) <= most
    for piece in pieces:
        assert piece.begin is None or (piece.begin % apart == 0 and piece.begin <= piece.start - WARM_UP)
        assert len(pieces) == 1 or piece.end - piece.start >= SHORTEST - 1


def test_what_two_pieces_see_of_one_movement_is_one_movement() -> None:
    def at(seconds: float, kind: MotionKind = MotionKind.IMPACT) -> MotionOnset:
        return MotionOnset(round(seconds * TICK_RATE), kind, 0.9)

    sweep = at(16.01, MotionKind.SWEEP)
    assert joined([[at(3), at(15.99)], [at(16.01), sweep, at(16.5)]]) == [at(3), at(15.99), sweep, at(16.5)]
    assert joined([[], []]) == []


def test_what_lasts_over_a_border_is_followed_on_both_sides_and_never_mixed_up() -> None:
    def course(number: int, at_s: float) -> MotionCourse:
        return MotionCourse(number, CourseState.GOES_ON, (CoursePoint(round(at_s * TICK_RATE), 0.5, 0.5, 0.05, 0.2),))

    hit = MotionOnset(16 * TICK_RATE, MotionKind.IMPACT, 0.9)
    whole = joined([[course(1, 15.5), hit, course(1, 15.99)], [course(1, 16.2), hit, course(1, 16.45)]])
    courses = [each for each in whole if isinstance(each, MotionCourse)]
    assert [each.id for each in courses][:2] == [1, 1]
    assert courses[2].id == courses[3].id != 1
    assert whole.count(hit) == 1


def test_every_impact_sounds_with_its_frame_and_the_file_says_what_it_is(
    tmp_path: Path, play: tuple[Path, list[float]]
) -> None:
    source, contacts_s = play
    progress: list[float] = []
    made = make(order(source, tmp_path / "sound.wav"), progress.append)
    sound = read(tmp_path / "sound.wav")
    assert made.duration_s == pytest.approx(videos.SECONDS, abs=0.04)
    assert sound.shape[1] == round(made.duration_s * TICK_RATE)
    match = match_onsets(find_onsets_s(sound), contacts_s)
    assert not match.missed_s
    assert max(map(abs, match.errors_s)) < 0.02
    assert np.abs(sound).max() < 10 ** (-1 / 20)
    labels = read_labels(tmp_path / "sound.wav")
    assert (labels.provider, labels.content_id, labels.ai_generated) == ("Mei TV", CONTENT_ID, True)
    assert detect(sound).content_id == CONTENT_ID[:12]
    assert progress == sorted(progress)
    assert [entry.name for entry in tmp_path.iterdir()] == ["sound.wav"]


def test_a_video_watched_in_pieces_sounds_as_one_watched_in_one(tmp_path: Path, play: tuple[Path, list[float]]) -> None:
    """The watcher of a piece is more rested where the piece begins: it may see faint things, too, which is no seam."""
    source = videos.again(play[0], tmp_path / "long.mp4", 30)
    sounds = []
    for processes in (1, 2):
        made = make(order(source, tmp_path / f"{processes}.wav", processes))
        assert made.pieces == processes
        sounds.append(read(tmp_path / f"{processes}.wav"))
    contacts_s = [videos.SECONDS * turn + moment for turn in range(4) for moment in play[1]]
    matches = [match_onsets(find_onsets_s(sound), [each for each in contacts_s if each < 30]) for sound in sounds]
    for match in matches:
        assert not match.missed_s
        assert max(map(abs, match.errors_s)) < 0.02
    one, two = (_flux(sound) for sound in sounds)
    assert len(one) == len(two)
    border = 15 * TICK_RATE // HOP
    assert two[border - 10 : border + 10].max() < 1.2 * one[border - 100 : border + 100].max()


def _flux(sound: np.ndarray) -> np.ndarray:
    """Return by how much the spectrum rises from one frame of ``HOP`` samples to the next."""
    mono = sound.mean(axis=0)
    frames = mono[: len(mono) // HOP * HOP].reshape(-1, HOP) * np.hanning(HOP)
    levels = np.log(np.abs(np.fft.rfft(frames)) + 1e-4)
    return np.maximum(np.diff(levels, axis=0), 0).sum(axis=1)


def test_an_old_avi_and_a_sound_without_pictures_get_their_sound(
    tmp_path: Path, play: tuple[Path, list[float]]
) -> None:
    old = tmp_path / "old.avi"
    videos.ffmpeg("-i", play[0], "-ss", "3", "-t", "3", "-s", "320x180", "-c:v", "mpeg4", "-c:a", "mp3", old)
    made = make(order(old, tmp_path / "old.mp3", mix=True))
    assert made.duration_s == pytest.approx(3, abs=0.1)
    assert made.sounds >= 1
    assert read_labels(tmp_path / "old.mp3").aigc is not None
    alone = tmp_path / "alone.m4a"
    videos.ffmpeg("-i", play[0], "-t", "2", "-vn", "-c:a", "copy", alone)
    assert make(order(alone, tmp_path / "alone.wav")).duration_s == pytest.approx(2, abs=0.1)


def test_files_that_mean_harm_are_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("#EXTM3U\n/etc/passwd\n" * 1000)
    for made, reason in (
        (videos.bomb(tmp_path / "bomb.mp4"), "8192x8192"),
        (videos.crowd(tmp_path / "crowd.mp4", 40), "streams"),
        (videos.endless(tmp_path / "endless.mp4"), "lasts 3600 s"),
        (videos.liar(tmp_path / "liar.ts"), "at most 300 s"),
        (text, "cannot be read"),
        (encrypted(tmp_path / "encrypted.mp4"), r"is encrypted \(DRM\)"),
    ):
        with pytest.raises(InputError, match=reason) as refused:
            make(order(made, tmp_path / "sound.wav"))
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "sound.wav").exists()


def test_the_ambience_follows_the_pictures_unless_it_is_described() -> None:
    def look(at_s: int, place: str) -> Sight:
        return Sight(at_s * TICK_RATE, places=((place, 0.7),))

    cut = SceneCut(12 * TICK_RATE)
    seen = [look(2, "street"), look(4, "street"), cut, look(13, "kitchen"), look(15, "kitchen")]
    found = [(0, "boxes, street"), (PREROLL + cut.at, "boxes, kitchen")]
    assert ambiences("boxes", joined([seen[:3], seen[3:]])) == found
    assert ambiences("boxes in the rain", seen) == []
