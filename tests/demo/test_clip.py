"""The demo's play and its clip: contacts fall on frames, movement is smooth, the file is what OBS would send."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.core.errors import OutputError
from livefoley.core.ticks import TICK_RATE
from livefoley.demo import scene
from livefoley.demo.clip import described, fingerprint, make_clip
from livefoley.demo.paint import Painter
from livefoley.demo.voice import host
from tests.demo.conftest import SECONDS


def test_every_contact_lies_within_the_clip_and_on_the_picture() -> None:
    contacts = scene.contacts()
    assert len(contacts) >= 15
    assert [contact.frame for contact in contacts] == sorted({contact.frame for contact in contacts})
    assert all(0 < contact.s < scene.SECONDS and 0 < contact.x < 1 for contact in contacts)


def test_a_ball_touches_the_table_at_its_contacts_and_nowhere_else() -> None:
    for flight in scene.BALL_HITS:
        frames = range(flight[0] - 10, flight[-1] + 1)
        poses = {frame: scene.ball(flight, frame / scene.FPS) for frame in frames}
        touching = {frame for frame, pose in poses.items() if pose and scene.FRONT_Y - scene.BALL_RADIUS - pose.y < 1.0}
        assert touching == set(flight)


def test_the_mallet_lies_on_the_block_at_every_hit_and_comes_down_fast() -> None:
    for frame in scene.MALLET_HITS:
        assert scene.mallet(frame / scene.FPS).angle == pytest.approx(0.0, abs=1e-6)
        assert scene.mallet((frame - 1) / scene.FPS).angle > 8.0


def test_nothing_jumps_between_two_frames_except_what_falls() -> None:
    angles = [scene.mallet(frame / scene.FPS).angle for frame in range(scene.SECONDS * scene.FPS)]
    assert np.max(np.abs(np.diff(angles))) < 25.0
    assert scene.cup((scene.CUP_DOWN - 1) / scene.FPS).y < scene.TABLE_Y  # type: ignore[union-attr]
    assert scene.cup(scene.CUP_DOWN / scene.FPS).y == scene.TABLE_Y  # type: ignore[union-attr]


def test_the_room_is_drawn_the_same_every_time() -> None:
    assert np.array_equal(Painter().paint(262), Painter().paint(262))


def test_a_thing_that_moves_changes_the_picture_where_it_is() -> None:
    painter = Painter()
    before, after = painter.paint(118).astype(int), painter.paint(scene.MALLET_HITS[0]).astype(int)
    x, y = round(scene.MALLET_X), round(scene.MALLET_Y)
    assert np.abs(after - before)[y - 80 : y - 10, x - 20 : x + 20].mean() > 10


def test_the_host_speaks_where_the_play_says_so_and_pauses_between() -> None:
    voice = host()[0]
    spoken = np.zeros(len(voice), bool)
    for line in scene.LINES:
        for begin, end in line.spans_s:
            spoken[round(begin * TICK_RATE) : round(end * TICK_RATE)] = True
    level = [20 * np.log10(np.sqrt(np.mean(voice[part] ** 2)) + 1e-9) for part in (spoken, ~spoken)]
    assert level[0] == pytest.approx(-20.0, abs=1.5)
    assert level[1] < level[0] - 20


def test_the_clip_has_b_frames_a_keyframe_every_two_seconds_and_sound(clip: Path) -> None:
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        packets = [packet for packet in container.demux(video) if packet.size]
        keyframes = [round(float(p.pts * p.time_base), 3) for p in packets if p.is_keyframe]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert any(packet.pts != packet.dts for packet in packets)
        assert len(packets) == SECONDS * scene.FPS
        assert keyframes == [0.0, 2.0, 4.0, 6.0]


def test_a_clip_of_this_version_is_not_rendered_again(clip: Path) -> None:
    told: list[float] = []
    written = clip.stat().st_mtime_ns
    assert make_clip(clip, SECONDS, told.append) == described(clip, SECONDS)
    assert (told, clip.stat().st_mtime_ns) == ([1.0], written)
    assert fingerprint() == fingerprint()


def test_a_place_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written") as error:
        make_clip(tmp_path / "file" / "clip.mp4")
    assert "\n" not in str(error.value)
