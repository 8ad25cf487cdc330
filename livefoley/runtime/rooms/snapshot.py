"""A room's figures, gathered from its parts into the snapshot that metrics and the API show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from livefoley.core.mix import MIX_CONTROLS
from livefoley.core.ports import AudienceStatistics, SinkStatistics
from livefoley.core.snapshots import (
    ClipsSnapshot,
    CueCount,
    EarsSnapshot,
    Latency,
    RenderCacheSnapshot,
    RoomControls,
    RoomSnapshot,
    RoomState,
    ScreenSnapshot,
    SignalCount,
    SignalsSnapshot,
    StateCount,
    StudentSnapshot,
)
from livefoley.core.ticks import s_from_ticks
from livefoley.core.understood import EyesSnapshot, MicrophoneSnapshot
from livefoley.engine.microphone.own_sound import OwnSoundStatistics
from livefoley.foley.description.explain import explain
from livefoley.runtime.events.notices import stream_s
from livefoley.runtime.rooms.room import Room, RoomParts


def snapshot(room: Room, now: float) -> RoomSnapshot:
    """Return the room's figures at ``now`` (seconds, monotonic)."""
    engine, parts = room.engine, room.parts
    figures = engine.statistics()
    counters, timeline, audio, mixer = figures.counters, figures.timeline, figures.audio, figures.mixer
    source, sounds = parts.source.statistics(), parts.sounds
    foley = sounds.foley() if sounds is not None else None
    workers = []
    if room.perception is not None:
        workers.append(room.perception.statistics().snapshot("perception", room.perception.skipped_units))
    if room.ears is not None:
        workers.append(room.ears.worker_statistics().snapshot("ears", room.ears.dropped))
    if room.screen is not None:
        workers.append(room.screen.statistics().snapshot("screen", room.screen.skipped))
    if foley is not None:
        workers.append(foley.worker.snapshot("foley", foley.shed))
    if sounds is not None and (student := sounds.student_worker()) is not None:
        workers.append(student.snapshot("student"))
    sinks = tuple(sink.statistics() for sink in (*parts.sinks, *parts.stem_sinks))
    reason = bypass_reason(room)
    return RoomSnapshot(
        name=room.name,
        state=counters.state,
        publisher_connected=counters.state is RoomState.LIVE,
        epoch=timeline.epoch,
        uptime_s=now - room.began_s,
        position_s=max(0.0, stream_s(engine.soonest(0.0, now))) if engine.started else 0.0,
        lookahead_s=engine.settings.lookahead_s,
        controls=controls(room),
        foley_bypassed=bool(reason),
        bypass_reason=reason,
        understood=explain(room.describe, room.student_use),
        problem=room.failure or engine.problem or source.problem or _of_outputs(room, sinks),
        unwritten=_unwritten(parts),
        source=source,
        units_in=counters.units_in,
        units_out=counters.units_out,
        bytes_in=counters.video_bytes + counters.audio_bytes,
        video_kbps=room.video_rate.read(counters.video_bytes, now),
        audio_kbps=room.audio_rate.read(counters.audio_bytes, now),
        dropped_units=sum(sink.dropped_units for sink in sinks) + room.feed_errors + room.play_errors,
        decode_errors=counters.decode_errors,
        timeline_rebases=timeline.rebases + counters.resyncs,
        timeline_clamped=timeline.clamped,
        drift_ppm=audio.drift_ppm,
        audio_gaps=audio.gaps,
        audio_resyncs=audio.resyncs,
        audio_strays=audio.strays,
        audio_late_samples=audio.late_samples,
        audio_early_samples=audio.early_samples,
        foley_failures=mixer.failures,
        watermark=parts.watermark,
        mark_failures=mixer.mark_failures,
        late_units=counters.late_units,
        hold_frames=counters.hold_frames,
        cues=tuple(CueCount(kind, outcome, count) for kind, outcome, count in figures.planner.outcomes),
        bed_underruns=mixer.bed_holes,
        bed_restarts=figures.planner.bed_restarts,
        bed_late_samples=mixer.bed_late_samples,
        limiter_gain_db=mixer.limiter_gain_db,
        original_lufs=_rounded(figures.programme.lufs),
        follow_gain_db=round(figures.programme.gain_db, 1),
        held_back_s=s_from_ticks(counters.held_back_ticks),
        delay_line_bytes=counters.delay_line_bytes,
        cue_latency_s=Latency(*foley.latency_s) if foley is not None else Latency(),
        sounds=sounds.sources() if sounds is not None else (),
        refusals=sounds.refusals() if sounds is not None else (),
        bed_source=sounds.bed_source if sounds is not None else "",
        renders=foley.renders if foley is not None else RenderCacheSnapshot(),
        student=sounds.student() if sounds is not None else StudentSnapshot(),
        workers=tuple(workers),
        sinks=sinks,
        audience=parts.audience.statistics() if parts.audience is not None else AudienceStatistics(),
        signals=_signals(parts),
        ears=room.ears.snapshot() if room.ears is not None else EarsSnapshot(),
        eyes=room.perception.seen() if room.perception is not None else EyesSnapshot(),
        microphone=_microphone(figures.own_sound),
        context=parts.context.snapshot(engine.soonest(engine.settings.lookahead_s, now) if engine.started else 0),
        actions=parts.context.recent(),
        screen=room.screen.snapshot() if room.screen is not None else ScreenSnapshot(),
        clips=parts.clips.snapshot() if parts.clips is not None else ClipsSnapshot(),
    )


def _of_outputs(room: Room, sinks: Sequence[SinkStatistics]) -> str:
    """Return what the slate or an output cannot do, in a line."""
    slate = room.slate.problem if room.slate else ""
    return slate or next((sink.problem for sink in sinks if sink.problem), "")


def _rounded(lufs: float | None) -> float | None:
    return None if lufs is None else round(lufs, 1)


def _unwritten(parts: RoomParts) -> tuple[str, ...]:
    clips = parts.clips.snapshot().problem if parts.clips is not None else ""
    return tuple(problem for problem in (parts.speech.problem, clips) if problem)


def _microphone(found: OwnSoundStatistics | None) -> MicrophoneSnapshot:
    if found is None:
        return MicrophoneSnapshot()
    return MicrophoneSnapshot(
        learning=True,
        hears=found.hears,
        movements=round(found.movements, 1),
        pairs=round(found.pairs, 1),
        by_chance=round(found.chance, 1),
        compared=found.judged,
        sharpened=found.sharpened,
        lowered=found.lowered,
        unlikely=found.unlikely,
    )


def bypass_reason(room: Room) -> str:
    """Return why the original goes out without the foley that is wanted, or nothing when it does not."""
    if room.parts.sounds is None or room.engine.mix.mute or room.parts.sounds.ready:
        return ""
    return "the foley worker is starting or has failed"


def controls(room: Room) -> RoomControls:
    """Return what can be changed, as it is."""
    mix = room.engine.mix
    return RoomControls(describe=room.describe, **{name: getattr(mix, name) for name in MIX_CONTROLS})


def _signals(parts: RoomParts) -> SignalsSnapshot:
    chat, told, feed = parts.chat.statistics(), parts.highlights.statistics(), parts.highlights.feed.statistics()
    return SignalsSnapshot(
        chat_messages=chat.meter.messages,
        chat_dropped=chat.meter.unread + chat.dropped,
        chat_rate=chat.meter.rate,
        chat_bursts=chat.meter.bursts,
        keywords=_states(parts.speech.statistics()),
        highlights=_states(told.highlights),
        evidence=tuple(SignalCount(signal, count) for signal, count in sorted(told.evidence.items())),
        events=feed.published,
        event_listeners=feed.listeners,
        events_dropped=feed.dropped,
        events_refused=feed.refused,
    )


def _states(counts: Mapping[str, int]) -> tuple[StateCount, ...]:
    return tuple(StateCount(state, count) for state, count in sorted(counts.items()))
