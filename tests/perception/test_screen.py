"""On-screen text: real pictures, encoded, decoded and read with the real models."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.families import Family
from livefoley.core.highlights import Evidence
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE
from livefoley.foley.description.mentions import mentions
from livefoley.perception.ears import LISTS
from livefoley.perception.ears.keywords import load
from livefoley.perception.screen.watcher import ScreenWatcher
from tests.perception.banners import picture
from tests.support.peers import require_packages

STEP = 2 * TICK_RATE


def keyframes(pictures: Sequence[NDArray[np.uint8]]) -> tuple[TrackInfo, list[Unit]]:
    """Encode each picture as a keyframe of H.264, two seconds apart."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 640, 360, "yuv420p", Fraction(1, 1)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "1"}
    frames = [av.VideoFrame.from_ndarray(each, "bgr24") for each in pictures]
    packets = []
    for number, frame in enumerate(frames):
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    info = TrackInfo(MediaKind.VIDEO, "h264", b"", 640, 360)
    stamps = [(number + 1) * STEP for number in range(len(packets))]
    return info, [
        Unit(Packet(MediaKind.VIDEO, bytes(packet), at, at, Fraction(1, TICK_RATE), True), at, at, 0)
        for packet, at in zip(packets, stamps, strict=True)
    ]


def new_watcher() -> ScreenWatcher:
    """A watcher that reads with the real models."""
    require_packages("rapidocr_onnxruntime", extra="ocr")
    from livefoley.perception.screen.reader import TextReader

    return ScreenWatcher(load(LISTS), TextReader().read)


def watch(*pictures: NDArray[np.uint8]) -> tuple[list[Evidence], ScreenWatcher]:
    watcher = new_watcher()
    info, units = keyframes(pictures)
    watcher.configure(info)
    return [event for unit in units for event in watcher.feed(unit)], watcher


def test_a_banner_that_appears_is_told_once_in_its_place_though_it_stays() -> None:
    bare, banner = picture("Hello", "my bike"), picture("Hello", "SOLD OUT")
    events, watcher = watch(bare, bare, banner, banner, picture("Bye", "SOLD OUT"), picture("Bye", "SOLD OUT"))
    (event,) = events
    assert (event.signal, event.at, event.detail) == ("screen", 3 * STEP, "SOLD OUT")
    assert event.kind
    assert (watcher.statistics().read, watcher.statistics().unchanged, watcher.statistics().errors) == (3, 3, 0)


def test_what_stands_there_from_the_beginning_is_no_news() -> None:
    assert watch(picture("FLASH SALE"), picture("FLASH SALE", "today"))[0] == []


def test_a_banner_that_was_gone_for_long_is_news_again() -> None:
    bare, banner = picture("Hello"), picture("Hello", "SOLD OUT")
    events, _ = watch(bare, banner, *[bare] * 6, banner)
    assert [event.at for event in events] == [2 * STEP, 9 * STEP]


def test_what_the_screen_says_is_told_once_a_picture_and_names_things() -> None:
    watcher = new_watcher()
    info, units = keyframes([picture("running shoes"), picture("running shoes"), picture("Hello")])
    watcher.configure(info)
    named = []
    for unit in units:
        watcher.feed(unit)
        named.append([each.family for each in mentions("\n".join(watcher.lines), unit.pts, screen=True)])
    assert named == [[Family.FOOTSTEP], [], []]


@pytest.mark.parametrize("line", ["sold my bike", "last season", "count on me"])
def test_what_only_resembles_a_keyword_is_none(line: str) -> None:
    assert watch(picture("Hello"), picture(line))[0] == []


def test_a_broken_unit_costs_itself() -> None:
    watcher = new_watcher()
    info, units = keyframes([picture("Hello"), picture("SOLD OUT")])
    rubbish = Unit(Packet(MediaKind.VIDEO, b"\x00" * 90, 1, 1, Fraction(1, TICK_RATE), True), 1, 1, 0)
    assert watcher.feed(rubbish) == []
    watcher.configure(info)
    assert [event.detail for unit in (units[0], rubbish, units[1]) for event in watcher.feed(unit)] == ["SOLD OUT"]
    assert watcher.statistics().errors == 2
