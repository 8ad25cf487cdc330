"""The rooms' snapshots as Prometheus metrics.

Labels name the room, a kind or an outcome, never an address, a key or an id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.control.state import ControlState
from livefoley.core.cues import CueKind, SoundSource
from livefoley.core.ports import AudienceStatistics, SinkStatistics, SourceStatistics
from livefoley.core.snapshots import DeliverySnapshot, Latency, RoomSnapshot, RoomState, WorkerSnapshot

BED_SOURCES = (SoundSource.STUDENT, SoundSource.PROCEDURAL)  # and whoever else is heard

Family: TypeAlias = type[GaugeMetricFamily] | type[CounterMetricFamily]
Row: TypeAlias = tuple[str, str, Callable[[RoomSnapshot], float]]


def _has_ears(room: RoomSnapshot) -> bool:
    return room.ears.state in ("off", "listening")


def _has_student(room: RoomSnapshot) -> bool:
    return room.student.state in ("off", "working")


_ROOM_GAUGES: tuple[Row, ...] = (
    ("publisher_connected", "Whether a publisher is connected (1) or not (0).", lambda r: r.publisher_connected),
    ("uptime_seconds", "Seconds since the room was made.", lambda r: r.uptime_s),
    ("lookahead_seconds", "How far the output runs behind the input.", lambda r: r.lookahead_s),
    ("foley_bypassed", "Whether foley is wanted and the original goes out without it (1).", lambda r: r.foley_bypassed),
    ("video_bits_per_second", "Video coming in.", lambda r: r.video_kbps * 1000),
    ("audio_bits_per_second", "Sound coming in.", lambda r: r.audio_kbps * 1000),
    ("chat_writers_per_second", "How much the audience writes.", lambda r: r.signals.chat_rate),
    ("event_listeners", "Who reads the room's events now.", lambda r: r.signals.event_listeners),
    ("ears_available", "Whether the room listens, or need not (1); 0 while it has no ears.", _has_ears),
    ("student_available", "Whether the student works, or need not (1); 0 while others stand in.", _has_student),
    ("clips_kept_seconds", "How far back clips can reach.", lambda r: r.clips.kept_s),
    ("clips_memory_bytes", "What is kept for clips in memory.", lambda r: r.clips.memory_bytes),
    ("clips_disk_bytes", "What is kept for clips on disk.", lambda r: r.clips.disk_bytes),
    ("drift_ppm", "The publisher's sound card against its stamps, parts per million.", lambda r: r.drift_ppm),
    ("delay_line_bytes", "Video that waits for its moment.", lambda r: r.delay_line_bytes),
    ("render_cache_bytes", "Rendered sounds kept in memory, for all rooms.", lambda r: r.renders.bytes),
    ("limiter_gain_db", "What the limiter takes from the mix now, in decibels.", lambda r: r.limiter_gain_db),
)
_ROOM_COUNTERS: tuple[Row, ...] = (
    ("epochs", "Publishers, restarts and changes of parameters.", lambda r: r.epoch),
    ("units_in", "Packets taken in.", lambda r: r.units_in),
    ("units_out", "Packets sent to the outputs.", lambda r: r.units_out),
    ("bytes_in", "Bytes of media taken in.", lambda r: r.bytes_in),
    ("units_dropped", "Packets dropped anywhere in the room.", lambda r: r.dropped_units),
    ("units_late", "Packets that came after their moment.", lambda r: r.late_units),
    ("decode_errors", "Packets of sound that could not be decoded.", lambda r: r.decode_errors),
    ("timeline_rebases", "Jumps of the publisher's stamps that were mended.", lambda r: r.timeline_rebases),
    ("timeline_clamped", "Stamps that went back a little and were clamped.", lambda r: r.timeline_clamped),
    ("audio_gaps", "Small holes in the original sound, filled.", lambda r: r.audio_gaps),
    ("audio_resyncs", "Times the original sound was put in place anew.", lambda r: r.audio_resyncs),
    ("audio_early_samples", "Samples of the original from too far ahead.", lambda r: r.audio_early_samples),
    ("audio_strays", "Single stamps of the original sound that were not believed.", lambda r: r.audio_strays),
    ("audio_late_samples", "Samples of the original that came after their moment.", lambda r: r.audio_late_samples),
    ("foley_failures", "Blocks that went out without foley because mixing it failed.", lambda r: r.foley_failures),
    ("hold_frames", "Pictures repeated while the publisher was away.", lambda r: r.hold_frames),
    ("chat_messages", "Messages of the audience taken in.", lambda r: r.signals.chat_messages),
    ("chat_dropped", "Messages counted only, or not even that: too many at once.", lambda r: r.signals.chat_dropped),
    ("chat_bursts", "Times the audience wrote more than usual.", lambda r: r.signals.chat_bursts),
    ("events", "Events told.", lambda r: r.signals.events),
    ("events_dropped", "Events that a listener did not read in time.", lambda r: r.signals.events_dropped),
    ("ears_utterances", "Utterances of the host that were listened to.", lambda r: r.ears.utterances),
    ("ears_foreign", "Utterances in a language the room does not list.", lambda r: r.ears.foreign),
    ("ears_made_up", "Times the recogniser's text was not believed.", lambda r: r.ears.made_up),
    ("ears_shed", "Utterances left out for want of time.", lambda r: r.ears.shed),
    ("ears_passes", "Passes of the recogniser over speech.", lambda r: r.ears.passes),
    ("ears_cpu_seconds", "Processor time of these passes.", lambda r: r.ears.cost_s),
    ("ears_dropped", "Pieces of sound the recogniser was not given.", lambda r: r.ears.dropped),
    ("student_made", "Sounds and pieces of ambience the student made.", lambda r: r.student.made),
    ("student_refused", "Those it could not make: the words, or the model.", lambda r: r.student.refused),
    ("student_shed", "Those not asked for in the end: too late, or not wanted.", lambda r: r.student.shed),
    ("student_late", "Those that came too late; the bank made another.", lambda r: r.student.late),
    ("student_batches", "Batches the student made.", lambda r: r.student.batches),
    ("student_seconds", "Time these batches took.", lambda r: r.student.cost_s),
    ("student_rests", "Times it was left alone: it failed, or was too slow.", lambda r: r.student.openings),
    ("render_cache_memory_hits", "Sounds found in memory, for all rooms.", lambda r: r.renders.memory_hits),
    ("render_cache_disk_hits", "Sounds found on disk, for all rooms.", lambda r: r.renders.disk_hits),
    ("render_cache_rendered", "Sounds that were rendered, for all rooms.", lambda r: r.renders.rendered),
    ("render_cache_corrupt", "Sounds on disk that could not be read.", lambda r: r.renders.corrupt),
    ("render_cache_write_errors", "Sounds that the disk would not keep.", lambda r: r.renders.write_errors),
    ("text_cache_memory_hits", "Descriptions the student had in memory.", lambda r: r.student.embeddings.memory_hits),
    ("text_cache_disk_hits", "Descriptions the student found on disk.", lambda r: r.student.embeddings.disk_hits),
    ("text_cache_computed", "Descriptions the student had to read.", lambda r: r.student.embeddings.computed),
    ("screen_read", "Pictures that were read for text.", lambda r: r.screen.read),
    ("screen_unchanged", "Pictures that were like the one before.", lambda r: r.screen.unchanged),
    ("screen_errors", "Pictures that could not be decoded.", lambda r: r.screen.errors),
    ("clips_dropped_bytes", "What could not be kept for clips for want of room.", lambda r: r.clips.dropped_bytes),
    ("clips_dropped_pictures", "Pictures that could not be kept for clips.", lambda r: r.clips.dropped_pictures),
    ("clips_dropped_events", "Events that could not be kept for clips.", lambda r: r.clips.dropped_events),
    ("clips_disk_errors", "Times the disk refused what clips are cut from.", lambda r: r.clips.disk_errors),
    ("bed_underruns", "Times the ambience ran out.", lambda r: r.bed_underruns),
    ("bed_restarts", "Times the ambience was begun anew.", lambda r: r.bed_restarts),
    ("bed_late_samples", "Samples of ambience that came after their moment.", lambda r: r.bed_late_samples),
    ("held_back_seconds", "Time the process stood still; the output moved back by it.", lambda r: r.held_back_s),
)
_SOURCE: tuple[tuple[Family, str, str, Callable[[SourceStatistics], float]], ...] = (
    (GaugeMetricFamily, "connected", "Whether the source brings something (1).", lambda s: s.connected),
    (CounterMetricFamily, "connects", "Publishers let in, or connections made.", lambda s: s.connects),
    (CounterMetricFamily, "takeovers", "Times a publisher took the place of another.", lambda s: s.takeovers),
    (CounterMetricFamily, "packets", "Packets of media that came.", lambda s: s.packets),
    (CounterMetricFamily, "bytes", "Bytes of media that came.", lambda s: s.bytes),
    (CounterMetricFamily, "units_skipped", "Units that could not be read.", lambda s: s.skipped_units),
    (CounterMetricFamily, "units_reordered", "B-frames that were left out.", lambda s: s.reordered_units),
    (CounterMetricFamily, "packets_lost", "Packets of the network that never came.", lambda s: s.lost_packets),
    (CounterMetricFamily, "keyframe_requests", "Keyframes the publisher was asked for.", lambda s: s.keyframe_requests),
    (
        GaugeMetricFamily,
        "problem",
        "Whether some of what comes cannot be used (1).",
        lambda s: s.problem != "",
    ),
)
_SINKS: tuple[tuple[Family, str, str, Callable[[SinkStatistics], float]], ...] = (
    (GaugeMetricFamily, "connected", "Whether the output is up (1).", lambda s: s.connected),
    (GaugeMetricFamily, "queue_units", "Packets that wait to be sent.", lambda s: s.queue_units),
    (CounterMetricFamily, "units", "Packets sent.", lambda s: s.units),
    (CounterMetricFamily, "bytes", "Bytes of media sent.", lambda s: s.bytes),
    (CounterMetricFamily, "units_dropped", "Packets dropped because the output was slow.", lambda s: s.dropped_units),
    (CounterMetricFamily, "reconnects", "Times the output was opened again.", lambda s: s.reconnects),
    (CounterMetricFamily, "errors", "Errors of the output.", lambda s: s.errors),
)
_AUDIENCE: tuple[tuple[Family, str, str, Callable[[AudienceStatistics], float]], ...] = (
    (GaugeMetricFamily, "viewers", "Viewers by WHEP now.", lambda a: a.viewers),
    (CounterMetricFamily, "admitted", "Viewers that were let in.", lambda a: a.admitted),
    (CounterMetricFamily, "frames", "Pictures and packets of sound sent, over all viewers.", lambda a: a.frames),
    (CounterMetricFamily, "bytes", "Bytes of media sent, over all viewers.", lambda a: a.bytes),
    (CounterMetricFamily, "frames_dropped", "Frames slow viewers did not get.", lambda a: a.dropped_frames),
    (CounterMetricFamily, "packets_retransmitted", "Packets sent again that were lost.", lambda a: a.retransmitted),
    (CounterMetricFamily, "keyframe_requests", "Keyframes viewers asked for.", lambda a: a.keyframe_requests),
    (GaugeMetricFamily, "transcoding", "Whether video is encoded anew for the viewers (1).", lambda a: a.transcoding),
    (CounterMetricFamily, "transcode_errors", "Times the transcoder failed.", lambda a: a.transcode_errors),
)
_WORKERS: tuple[tuple[Family, str, str, Callable[[WorkerSnapshot], float]], ...] = (
    (GaugeMetricFamily, "alive", "Whether the worker process answers (1).", lambda w: w.alive),
    (CounterMetricFamily, "restarts", "Times the worker was started again.", lambda w: w.restarts),
    (CounterMetricFamily, "hangs", "Times the worker was killed because it did not answer.", lambda w: w.hangs),
    (CounterMetricFamily, "dropped", "Messages the worker was not given: it was away or behind.", lambda w: w.dropped),
    (CounterMetricFamily, "unusable", "Messages of the worker that were none, or of no use.", lambda w: w.unusable),
)


_DELIVERIES: tuple[tuple[Family, str, str, Callable[[DeliverySnapshot], float]], ...] = (
    (
        GaugeMetricFamily,
        "connected",
        "Whether the last delivery arrived, or OBS is connected (1).",
        lambda d: d.connected,
    ),
    (CounterMetricFamily, "delivered", "Events that arrived.", lambda d: d.delivered),
    (CounterMetricFamily, "dropped", "Events given up.", lambda d: d.dropped),
    (CounterMetricFamily, "retries", "Deliveries, or connections, tried again.", lambda d: d.retries),
)


class RoomsCollector(SnapshotCollector):
    """Every room, and the server around them."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Read one snapshot of everything."""
        rooms = list(self._state.rooms().values())
        yield from self._server()
        yield from _plain(rooms)
        yield _states(rooms)
        yield _cues(rooms)
        yield from _sources(rooms)
        yield from _signals(rooms)
        yield from _latencies(rooms)
        yield from _workers(rooms)
        yield from _source(rooms)
        yield from _sinks(rooms)
        yield from _audience(rooms)

    def _server(self) -> Iterator[Metric]:
        server = self._state.server_statistics()
        yield InfoMetricFamily("livefoley_build", "The version that runs.", {"version": server.version})
        yield GaugeMetricFamily("livefoley_uptime_seconds", "Seconds since the start.", server.uptime_s)
        connections = "Connections to the RTMP port."
        yield GaugeMetricFamily("livefoley_rtmp_connections", connections, server.rtmp_connections)
        for protocol, rejections, who in (
            ("rtmp", server.rtmp_rejected, "Publishers"),
            ("whip", server.whip_rejected, "Publishers"),
            ("whep", server.whep_rejected, "Viewers"),
        ):
            text = f"{who} turned away, by reason."
            rejected = CounterMetricFamily(f"livefoley_{protocol}_rejected", text, labels=["reason"])
            for rejection in rejections:
                rejected.add_metric([rejection.reason], rejection.count)
            yield rejected
        text = "Times what a peer sent waited, because strangers, or this publisher, had had their share of the loop."
        waits = CounterMetricFamily("livefoley_rtmp_waits", text, labels=["peer"])
        for waited in server.rtmp_waits:
            waits.add_metric([waited.reason], waited.count)
        yield waits


def _plain(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    families: tuple[tuple[Family, tuple[Row, ...]], ...] = (
        (GaugeMetricFamily, _ROOM_GAUGES),
        (CounterMetricFamily, _ROOM_COUNTERS),
    )
    for make, rows in families:
        for name, text, read in rows:
            family = make(f"livefoley_room_{name}", text, labels=["room"])
            for room in rooms:
                family.add_metric([room.name], float(read(room)))
            yield family


def _states(rooms: list[RoomSnapshot]) -> Metric:
    family = GaugeMetricFamily(
        "livefoley_room_state", "The room's state: 1 for the one it is in.", labels=["room", "state"]
    )
    for room in rooms:
        for state in RoomState:
            family.add_metric([room.name, state], float(room.state == state))
    return family


def _cues(rooms: list[RoomSnapshot]) -> Metric:
    text = "Cues by kind (bed, action, accent) and by what became of them."
    family = CounterMetricFamily("livefoley_room_cues", text, labels=["room", "kind", "outcome"])
    for room in rooms:
        for cue in room.cues:
            family.add_metric([room.name, cue.kind, cue.outcome], cue.count)
    return family


def _sources(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    text = f"Sounds by kind and by who made them ({', '.join(SoundSource)}); a bed counts every half second."
    sounds = CounterMetricFamily("livefoley_room_sounds", text, labels=["room", "kind", "source"])
    text = "Who makes the ambience now (1)."
    beds = GaugeMetricFamily("livefoley_room_bed_source", text, labels=["room", "source"])
    text = "Sounds that a maker was asked for and did not give in time, or at all."
    refusals = CounterMetricFamily("livefoley_room_sound_refusals", text, labels=["room", "kind", "source"])
    for room in rooms:
        for each in room.sounds:
            sounds.add_metric([room.name, each.kind, each.source], each.count)
        for refused in room.refusals:
            refusals.add_metric([room.name, refused.kind, refused.source], refused.count)
        for source in dict.fromkeys((*BED_SOURCES, *(each.source for each in room.sounds if each.kind == CueKind.BED))):
            beds.add_metric([room.name, source], float(room.bed_source == source))
    yield sounds
    yield refusals
    yield beds


def _signals(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    for name in ("keywords", "highlights"):
        text = f"{name.capitalize()} by the state they were told in; one is told several times."
        states = CounterMetricFamily(f"livefoley_room_{name}", text, labels=["room", "state"])
        for room in rooms:
            for each in getattr(room.signals, name):
                states.add_metric([room.name, each.state], each.count)
        yield states
    text = "What a signal (keyword, chat, crowd, loud, screen) said of highlights, each time it said it anew."
    evidence = CounterMetricFamily("livefoley_room_evidence", text, labels=["room", "signal"])
    for room in rooms:
        for said in room.signals.evidence:
            evidence.add_metric([room.name, said.signal], said.count)
    yield evidence
    for make, name, text, figure in _DELIVERIES:
        family = make(f"livefoley_delivery_{name}", text, labels=["room", "delivery"])
        for room in rooms:
            for index, delivery in enumerate(room.deliveries):
                family.add_metric([room.name, f"{index}-{delivery.kind}"], float(figure(delivery)))
        yield family


def _latencies(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    figures: tuple[tuple[str, str, Callable[[RoomSnapshot], Latency]], ...] = (
        ("cue_latency", "Seconds from asking for a sound to having it, over the last cues.", lambda r: r.cue_latency_s),
        (
            "keyword_delay",
            "Seconds from a keyword's end to its event, over the last.",
            lambda r: r.ears.keyword_delay_s,
        ),
        ("student_latency", "Seconds from asking the student to having, over the last.", lambda r: r.student.latency_s),
    )
    for name, text, read in figures:
        family = GaugeMetricFamily(f"livefoley_room_{name}_seconds", text, labels=["room", "quantile"])
        for room in rooms:
            latency = read(room)
            for quantile, value in (("0.5", latency.p50), ("0.95", latency.p95), ("0.99", latency.p99)):
                family.add_metric([room.name, quantile], value)
        yield family


def _workers(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    for make, name, text, read in _WORKERS:
        family = make(f"livefoley_worker_{name}", text, labels=["room", "worker"])
        for room in rooms:
            for worker in room.workers:
                family.add_metric([room.name, worker.name], float(read(worker)))
        yield family


def _source(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    for make, name, text, read in _SOURCE:
        family = make(f"livefoley_source_{name}", text, labels=["room", "source"])
        for room in rooms:
            family.add_metric([room.name, room.source.kind], float(read(room.source)))
        yield family


def _sinks(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    """A sink is called by its place in the room and its kind: its name may hold an address."""
    for make, name, text, read in _SINKS:
        family = make(f"livefoley_sink_{name}", text, labels=["room", "sink"])
        for room in rooms:
            for index, sink in enumerate(room.sinks):
                family.add_metric([room.name, f"{index}-{sink.kind}"], float(read(sink)))
        yield family


def _audience(rooms: list[RoomSnapshot]) -> Iterator[Metric]:
    for make, name, text, read in _AUDIENCE:
        family = make(f"livefoley_whep_{name}", text, labels=["room"])
        for room in rooms:
            family.add_metric([room.name], float(read(room.audience)))
        yield family
