"""A kind of output that livefoley does not have, and what it takes to add one.

Of livefoley it touches its own class in media/, a field of ``Sink`` in config/rooms.py and a line of ``SINKS`` in
wiring/rooms.py; it is then told in pipelines/reference.yaml, and in the table of outputs of both READMEs: six files.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from livefoley import config as cfg
from livefoley.config import checks
from livefoley.core.media import OutputItem
from livefoley.core.ports import SinkStatistics
from livefoley.wiring import rooms as wiring

GIVEN = {"rtmp": "rtmp://127.0.0.1/live/key", "srt": "srt://127.0.0.1:9000", "hls": "out/hls", "file": "out/o.mp4"}


class Counter:
    """Counts what leaves; implements ``Sink``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.items = 0

    def write_nowait(self, item: OutputItem) -> None:
        self.items += 1

    async def run(self) -> None:
        return

    def close(self) -> None:
        return

    def statistics(self) -> SinkStatistics:
        return SinkStatistics(self.name, "counter", units=self.items)


class WithCounter(cfg.Sink):
    """The configuration's outputs with one more."""

    counter: str | None = None


def config(*sinks: cfg.Sink) -> cfg.Config:
    """Return a configuration whose only room has these outputs."""
    given = cfg.parse("rooms: {stage: {source: {rtmp: {key: k}}, sinks: [{hls: out}]}}")
    room = given.rooms["stage"].model_copy(update={"sinks": sinks})
    return given.model_copy(update={"rooms": {"stage": room}})


def test_a_new_kind_is_a_field_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(wiring.SINKS, "counter", Counter)
    one, other = (WithCounter.model_validate({"counter": name}) for name in ("one", "other"))
    assert (one.kind, WithCounter.kinds) == ("counter", (*cfg.Sink.kinds, "counter"))
    made = wiring.make_sink(one)
    assert isinstance(made, Counter)
    assert made.statistics().kind == "counter"
    assert list(checks.conflicts(config(one, other))) == []
    with pytest.raises(ValidationError, match="needs exactly one of rtmp, hls, file, srt, counter; found hls and coun"):
        WithCounter.model_validate({"counter": "one", "hls": "out"})


@pytest.mark.parametrize("kind", cfg.Sink.kinds)
def test_every_kind_has_an_adapter_and_two_do_not_write_to_one_place(kind: str, tmp_path: Path) -> None:
    assert set(wiring.SINKS) == set(cfg.Sink.kinds) == set(GIVEN)
    place = GIVEN[kind] if "://" in GIVEN[kind] else str(tmp_path / GIVEN[kind])
    sink = cfg.Sink.model_validate({kind: place})
    ((where, what),) = checks.conflicts(config(sink, sink))
    assert where == ("rooms", "stage", "sinks", 1, kind)
    assert "goes where" in what
    if kind != "srt":  # needs an ffmpeg that speaks it
        assert wiring.make_sink(sink).statistics().kind == kind
