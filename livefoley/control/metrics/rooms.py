"""The rooms' snapshots as Prometheus metrics: one table says what each is called, tells and is read from.

Labels name the room, a kind or an outcome, never an address, a key or an id.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.core.cues import CueKind, SoundSource
from livefoley.core.snapshots import Latency, RoomSnapshot, RoomState

BED_SOURCES = (SoundSource.STUDENT, SoundSource.PROCEDURAL)  # and whoever else is heard

Family: TypeAlias = type[GaugeMetricFamily] | type[CounterMetricFamily]
Row: TypeAlias = tuple[str, str, Callable[[Any], float]]
Labelled: TypeAlias = Iterable[tuple[tuple[str, ...], Any]]
"""Values of a room, or the parts of it they are read from, with the values of the labels beside the room's name."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of all rooms; ``read`` gives its values in one of them, by the labels beside the room's name."""

    make: Family
    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[RoomSnapshot], Labelled]

    def family(self, rooms: Iterable[RoomSnapshot]) -> Metric:
        """Return it for these rooms."""
        family = self.make(f"livefoley_{self.name}", self.text, labels=["room", *self.labels])
        for room in rooms:
            for labels, value in self.read(room):
                family.add_metric([room.name, *labels], float(value))
        return family


def _measures(
    prefix: str,
    labels: tuple[str, ...],
    parts: Callable[[RoomSnapshot], Labelled],
    gauges: tuple[Row, ...] = (),
    counters: tuple[Row, ...] = (),
) -> Iterator[Measure]:
    """Yield the metrics of what a room has, one of it or several, each with labels."""
    kinds: tuple[tuple[Family, tuple[Row, ...]], ...] = ((GaugeMetricFamily, gauges), (CounterMetricFamily, counters))
    for make, rows in kinds:
        for name, text, figure in rows:
            yield Measure(make, f"{prefix}_{name}", text, labels, partial(_figures, parts, figure))


def _figures(parts: Callable[[RoomSnapshot], Labelled], figure: Callable[[Any], float], room: RoomSnapshot) -> Labelled:
    return ((labels, figure(part)) for labels, part in parts(room))


def _numbered(parts: Iterable[Any]) -> Labelled:
    """Call each part by its place in the room and its kind: its name may hold an address."""
    return (((f"{index}-{part.kind}",), part) for index, part in enumerate(parts))


def _has_ears(room: RoomSnapshot) -> bool:
    return room.ears.state in ("off", "listening")


def _loudness(room: RoomSnapshot) -> float:
    return room.original_lufs if room.original_lufs is not None else math.nan


def _has_student(room: RoomSnapshot) -> bool:
    return room.student.state in ("off", "working")


def _beds(room: RoomSnapshot) -> Labelled:
    heard = (each.source for each in room.sounds if each.kind == CueKind.BED)
    return (((source,), room.bed_source == source) for source in dict.fromkeys((*BED_SOURCES, *heard)))


def _quantiles(read: Callable[[RoomSnapshot], Latency]) -> Callable[[RoomSnapshot], Labelled]:
    def values(room: RoomSnapshot) -> Labelled:
        latency = read(room)
        return ((("0.5",), latency.p50), (("0.95",), latency.p95), (("0.99",), latency.p99))

    return values


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
    ("host_steers", "Whether what the host names counts (1).", lambda r: r.context.steered),
    ("student_available", "Whether the student works, or need not (1); 0 while others stand in.", _has_student),
    ("clips_kept_seconds", "How far back clips can reach.", lambda r: r.clips.kept_s),
    ("clips_memory_bytes", "What is kept for clips in memory.", lambda r: r.clips.memory_bytes),
    ("clips_disk_bytes", "What is kept for clips on disk.", lambda r: r.clips.disk_bytes),
    ("microphone_learning", "Whether movements are sought in the original sound (1).", lambda r: r.microphone.learning),
    ("microphone_hears", "Whether it holds what moves, more than by chance (1).", lambda r: r.microphone.hears),
    ("drift_ppm", "The publisher's sound card against its stamps, parts per million.", lambda r: r.drift_ppm),
    ("delay_line_bytes", "Video that waits for its moment.", lambda r: r.delay_line_bytes),
    ("render_cache_bytes", "Rendered sounds kept in memory, for all rooms.", lambda r: r.renders.bytes),
    ("original_lufs", "Loudness of the original; not a number before it was heard.", _loudness),
    ("follow_gain_db", "What foley gains for the original's loudness, in decibels.", lambda r: r.follow_gain_db),
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
    ("timeline_clamped", "Decode times that went back a little and were made to rise.", lambda r: r.timeline_clamped),
    ("audio_gaps", "Small holes in the original sound, filled.", lambda r: r.audio_gaps),
    ("audio_resyncs", "Times the original sound was put in place anew.", lambda r: r.audio_resyncs),
    ("audio_early_samples", "Samples of the original from too far ahead.", lambda r: r.audio_early_samples),
    ("audio_strays", "Single stamps of the original sound that were not believed.", lambda r: r.audio_strays),
    ("audio_late_samples", "Samples of the original that came after their moment.", lambda r: r.audio_late_samples),
    ("foley_failures", "Blocks that went out without foley because mixing it failed.", lambda r: r.foley_failures),
    ("mark_failures", "Blocks that went out without watermark because laying it failed.", lambda r: r.mark_failures),
    ("hold_frames", "Pictures repeated while the publisher was away.", lambda r: r.hold_frames),
    ("chat_messages", "Messages of the audience taken in.", lambda r: r.signals.chat_messages),
    ("chat_dropped", "Messages counted only, or not even that: too many, or none.", lambda r: r.signals.chat_dropped),
    ("chat_bursts", "Times the audience wrote more than usual.", lambda r: r.signals.chat_bursts),
    ("events", "Events told.", lambda r: r.signals.events),
    ("events_dropped", "Events that a listener did not read in time.", lambda r: r.signals.events_dropped),
    ("events_refused", "Listeners there was no place for.", lambda r: r.signals.events_refused),
    ("ears_utterances", "Utterances of the host that were listened to.", lambda r: r.ears.utterances),
    ("ears_foreign", "Utterances in a language the room does not list.", lambda r: r.ears.foreign),
    ("ears_made_up", "Times the recogniser's text was not believed.", lambda r: r.ears.made_up),
    ("ears_shed", "Utterances left out for want of time.", lambda r: r.ears.shed),
    ("ears_passes", "Passes of the recogniser over speech.", lambda r: r.ears.passes),
    ("ears_cpu_seconds", "Processor time of these passes.", lambda r: r.ears.cost_s),
    ("ears_dropped", "Pieces of sound the recogniser was not given.", lambda r: r.ears.dropped),
    ("context_names", "Things and places the host or the screen named.", lambda r: r.context.names),
    ("thumbs", "Sounds of actions that somebody judged.", lambda r: r.context.given),
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
    ("eyes_spared", "Times the eyes were closed because the worker was behind.", lambda r: r.eyes.spared),
    ("microphone_compared", "Movements compared with the original sound.", lambda r: r.microphone.compared),
    ("microphone_sharpened", "Movements whose moment is the original's.", lambda r: r.microphone.sharpened),
    ("microphone_lowered", "Those it carries: what is laid there is quieter.", lambda r: r.microphone.lowered),
    ("microphone_unlikely", "Those held for silent, as it never carries such.", lambda r: r.microphone.unlikely),
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
_SOURCE_GAUGES: tuple[Row, ...] = (
    ("connected", "Whether the source brings something (1).", lambda s: s.connected),
    (
        "problem",
        "Whether some of what comes cannot be used (1).",
        lambda s: s.problem != "",
    ),
)
_SOURCE_COUNTERS: tuple[Row, ...] = (
    ("connects", "Publishers let in, or connections made.", lambda s: s.connects),
    ("takeovers", "Times a publisher took the place of another.", lambda s: s.takeovers),
    ("packets", "Packets of media that came.", lambda s: s.packets),
    ("bytes", "Bytes of media that came.", lambda s: s.bytes),
    ("units_skipped", "Units that could not be read.", lambda s: s.skipped_units),
    ("units_reordered", "B-frames that were left out.", lambda s: s.reordered_units),
    ("packets_lost", "Packets of the network that never came.", lambda s: s.lost_packets),
    ("keyframe_requests", "Keyframes the publisher was asked for.", lambda s: s.keyframe_requests),
)
_SINKS_GAUGES: tuple[Row, ...] = (
    ("connected", "Whether the output is up (1).", lambda s: s.connected),
    ("queue_units", "Packets that wait to be sent.", lambda s: s.queue_units),
)
_SINKS_COUNTERS: tuple[Row, ...] = (
    ("units", "Packets sent.", lambda s: s.units),
    ("bytes", "Bytes of media sent.", lambda s: s.bytes),
    ("units_dropped", "Packets dropped because the output was slow.", lambda s: s.dropped_units),
    ("reconnects", "Times the output was opened again.", lambda s: s.reconnects),
    ("errors", "Errors of the output.", lambda s: s.errors),
)
_AUDIENCE_GAUGES: tuple[Row, ...] = (
    ("viewers", "Viewers by WHEP now.", lambda a: a.viewers),
    ("transcoding", "Whether video is encoded anew for the viewers (1).", lambda a: a.transcoding),
)
_AUDIENCE_COUNTERS: tuple[Row, ...] = (
    ("admitted", "Viewers that were let in.", lambda a: a.admitted),
    ("frames", "Pictures and packets of sound sent, over all viewers.", lambda a: a.frames),
    ("bytes", "Bytes of media sent, over all viewers.", lambda a: a.bytes),
    ("frames_dropped", "Frames slow viewers did not get.", lambda a: a.dropped_frames),
    ("packets_retransmitted", "Packets sent again that were lost.", lambda a: a.retransmitted),
    ("keyframe_requests", "Keyframes viewers asked for.", lambda a: a.keyframe_requests),
    ("transcode_errors", "Times the transcoder failed.", lambda a: a.transcode_errors),
)
_WORKERS_GAUGES: tuple[Row, ...] = (("alive", "Whether the worker process answers (1).", lambda w: w.alive),)
_WORKERS_COUNTERS: tuple[Row, ...] = (
    ("restarts", "Times the worker was started again.", lambda w: w.restarts),
    ("hangs", "Times the worker was killed because it did not answer.", lambda w: w.hangs),
    ("starvations", "Times it got too little processor time to answer.", lambda w: w.starvations),
    ("dropped", "Messages the worker was not given: it was away or behind.", lambda w: w.dropped),
    ("unusable", "Messages of the worker that were none, or of no use.", lambda w: w.unusable),
)
_DELIVERIES_GAUGES: tuple[Row, ...] = (
    (
        "connected",
        "Whether the last delivery arrived, or OBS is connected (1).",
        lambda d: d.connected,
    ),
)
_DELIVERIES_COUNTERS: tuple[Row, ...] = (
    ("delivered", "Events that arrived.", lambda d: d.delivered),
    ("dropped", "Events given up.", lambda d: d.dropped),
    ("retries", "Deliveries, or connections, tried again.", lambda d: d.retries),
)

MEASURES: tuple[Measure, ...] = (
    *_measures("room", (), lambda r: (((), r),), _ROOM_GAUGES, _ROOM_COUNTERS),
    *_measures("source", ("source",), lambda r: (((r.source.kind,), r.source),), _SOURCE_GAUGES, _SOURCE_COUNTERS),
    *_measures("sink", ("sink",), lambda r: _numbered(r.sinks), _SINKS_GAUGES, _SINKS_COUNTERS),
    *_measures("whep", (), lambda r: (((), r.audience),), _AUDIENCE_GAUGES, _AUDIENCE_COUNTERS),
    *_measures(
        "worker", ("worker",), lambda r: (((w.name,), w) for w in r.workers), _WORKERS_GAUGES, _WORKERS_COUNTERS
    ),
    *_measures("delivery", ("delivery",), lambda r: _numbered(r.deliveries), _DELIVERIES_GAUGES, _DELIVERIES_COUNTERS),
    Measure(
        GaugeMetricFamily,
        "room_state",
        "The room's state: 1 for the one it is in.",
        ("state",),
        lambda r: (((state,), r.state == state) for state in RoomState),
    ),
    Measure(
        CounterMetricFamily,
        "room_cues",
        "Cues by kind (bed, action, lasting, accent) and by what became of them.",
        ("kind", "outcome"),
        lambda r: (((cue.kind, cue.outcome), cue.count) for cue in r.cues),
    ),
    Measure(
        CounterMetricFamily,
        "room_sounds",
        f"Sounds by kind and by who made them ({', '.join(SoundSource)}); a bed counts every half second.",
        ("kind", "source"),
        lambda r: (((each.kind, each.source), each.count) for each in r.sounds),
    ),
    Measure(
        CounterMetricFamily,
        "room_sound_refusals",
        "Sounds that a maker was asked for and did not give in time, or at all.",
        ("kind", "source"),
        lambda r: (((each.kind, each.source), each.count) for each in r.refusals),
    ),
    Measure(GaugeMetricFamily, "room_bed_source", "Who makes the ambience now (1).", ("source",), _beds),
    Measure(
        CounterMetricFamily,
        "room_keywords",
        "Keywords by the state they were told in; one is told several times.",
        ("state",),
        lambda r: (((each.state,), each.count) for each in r.signals.keywords),
    ),
    Measure(
        CounterMetricFamily,
        "room_highlights",
        "Highlights by the state they were told in; one is told several times.",
        ("state",),
        lambda r: (((each.state,), each.count) for each in r.signals.highlights),
    ),
    Measure(
        CounterMetricFamily,
        "room_evidence",
        "What a signal (keyword, chat, crowd, loud, screen) said of highlights, each time it said it anew.",
        ("signal",),
        lambda r: (((each.signal,), each.count) for each in r.signals.evidence),
    ),
    Measure(
        GaugeMetricFamily,
        "room_cue_latency_seconds",
        "Seconds from asking for a sound to having it, over the last cues.",
        ("quantile",),
        _quantiles(lambda r: r.cue_latency_s),
    ),
    Measure(
        GaugeMetricFamily,
        "room_keyword_delay_seconds",
        "Seconds from a keyword's end to its event, over the last.",
        ("quantile",),
        _quantiles(lambda r: r.ears.keyword_delay_s),
    ),
    Measure(
        GaugeMetricFamily,
        "room_student_latency_seconds",
        "Seconds from asking the student to having, over the last.",
        ("quantile",),
        _quantiles(lambda r: r.student.latency_s),
    ),
)


class RoomsCollector(SnapshotCollector):
    """Every room; ``read`` gives a snapshot of each."""

    def __init__(self, read: Callable[[], Iterable[RoomSnapshot]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Read one snapshot of everything."""
        rooms = list(self._read())
        return (measure.family(rooms) for measure in MEASURES)
