"""One room's engine: packets in, packets out a fixed look-ahead later, with sound laid under them.

Sans-IO: ``now`` (seconds, monotonic) is an argument, decoders and encoders are ports, and what perception and the foley
sources have to say comes in by plain calls. The runtime drives it live; ``render`` drives it as fast as it can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from livefoley.core.cues import ActionPrompts, Cue, Sound, Stereo
from livefoley.core.events import PerceptionEvent
from livefoley.core.media import Disconnected, MediaKind, OutputItem, Packet, SourceItem, TrackInfo, Unit
from livefoley.core.ports import AudioEncoder, DecoderFactory, MarkFactory
from livefoley.core.snapshots import RoomState
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.engine.audio_input import AudioInput
from livefoley.engine.choice import Choice
from livefoley.engine.clock import Playout, PlayoutClock, lookahead_ticks
from livefoley.engine.decoding import SoundDecoding
from livefoley.engine.delay_line import DelayLine
from livefoley.engine.encoders import Encoders
from livefoley.engine.foley_track import FoleyTrack
from livefoley.engine.hold import Hold
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import BedRequest, PlannerSettings
from livefoley.engine.room_types import Departure, EngineStatistics, RoomCounters, RoomSettings, Taps
from livefoley.engine.timeline import ORIGIN, Timeline

BLOCK = 2048
"""Samples mixed at a time: two AAC frames. Stamps are exact whatever the block; only departure is this coarse."""

DRY: Tick = TICK_RATE // 2  # the playhead this far past the last packet: the publisher has stalled
LATE_PATIENCE_S = 2.0
AUDIO_BURST_S = 6.0  # sound may come this far ahead of its time: publishers send a burst at the start
MAX_CATCH_UP: Tick = 10 * TICK_RATE


class RoomEngine:
    """See the module. Calls come from one thread, in order of ``now``.

    Without ``encoder`` the programme has pictures alone, and its sound leaves unencoded; ``make_mark`` marks foley.
    """

    def __init__(
        self,
        settings: RoomSettings,
        *,
        make_decoder: DecoderFactory,
        encoder: AudioEncoder | None,
        stem_encoder: AudioEncoder | None = None,
        original_encoder: AudioEncoder | None = None,
        make_mark: MarkFactory | None = None,
        taps: Taps | None = None,
    ) -> None:
        self.settings = settings
        self.state = RoomState.WAITING
        self._timeline = Timeline()
        self._audio = AudioInput(2 * settings.lookahead_s + AUDIO_BURST_S, ORIGIN, self._hear)
        self._foley = FoleyTrack(settings.mix, settings.plan, self._audio, ORIGIN, make_mark, settings.leaning)
        self._clock = PlayoutClock(lookahead_ticks(settings.lookahead_s))
        self._decoding = SoundDecoding(make_decoder)
        self._encoders = Encoders(encoder, stem_encoder, original_encoder)
        self._taps = taps
        self._delay = DelayLine()
        self._hold = Hold(settings.on_drop)
        self._tracks: dict[MediaKind, TrackInfo] = {}
        self._position: Tick = ORIGIN  # the next sample to leave
        self._announced = False
        self._late_since: float | None = None
        self._sound_end = self._playhead = 0
        self._bytes_in = dict.fromkeys(MediaKind, 0)
        self._units_in = self._units_out = self._late_units = 0
        self._resyncs = self._held_back = 0

    @property
    def problem(self) -> str | None:
        """Why the publisher's sound is not used, or not learned from any more, in one line, if it is not."""
        foley = self._foley
        return self._decoding.problem or foley.microphone.problem or foley.programme.statistics().problem or None

    # ---- what the publisher sends ----

    def feed(self, item: SourceItem, now: float) -> None:
        """Take the next item of the source."""
        if isinstance(item, Packet):
            self._packet(item, now)
        elif isinstance(item, TrackInfo):
            self._track(item)
        elif isinstance(item, Disconnected):
            self.disconnect()

    def disconnect(self) -> None:
        """The publisher is gone; its stream runs out of the delay line, then the hold policy takes over."""
        if self.state is RoomState.LIVE:
            self.state = RoomState.HOLDING
        self._audio.flush()

    def end(self) -> None:
        """The input is over for good: let what is inside run out, and fill nothing in."""
        self._decoding.end()
        self._audio.flush()
        self.state = RoomState.ENDING

    def set_slate(self, track: TrackInfo, packet: Packet) -> None:
        """Show this picture while the publisher is away (``on_drop: slate``)."""
        self._hold.set_slate(track, packet)

    def _track(self, info: TrackInfo) -> None:
        if self._tracks.get(info.kind) == info:
            return
        if info.kind in self._tracks:
            self._timeline.mark_epoch()
        self._tracks[info.kind] = info
        if info.kind is MediaKind.VIDEO:
            self._delay.push(info)
            if self._taps is not None:
                self._taps.video(info)
            return
        self._audio.reset(self._timeline.epoch)  # their stamps anchor the sound anew
        self._decoding.open(info)

    def _packet(self, packet: Packet, now: float) -> None:
        self._units_in += 1
        self._bytes_in[packet.kind] += len(packet.data)
        if self.state is not RoomState.LIVE:
            self._begin(now)
        unit = self._timeline.place(packet, now)
        if not self._clock.started:
            self._clock.start(unit.dts, now)
        self._clock.observe(unit.dts, now)
        if self._playhead < ORIGIN:
            self._clock.anchor(now)
        if self._persistently_late(unit, now):
            self._resync(now)
            unit = self._timeline.place(packet, now)
        if packet.kind is MediaKind.VIDEO:
            self._delay.push(unit)
            if self._taps is not None:
                self._taps.video(unit)
        else:
            self._sound(unit)

    def _begin(self, now: float) -> None:
        """A publisher is here: its first packet lands a look-ahead ahead of the playhead."""
        if self.state is not RoomState.WAITING:
            self._new_epoch(now)
        self.state = RoomState.LIVE

    def _resync(self, now: float) -> None:
        self._resyncs += 1
        self._new_epoch(now)

    def _new_epoch(self, now: float) -> None:
        playhead = self._clock.playhead(now)
        self._timeline.begin_epoch(max(playhead + self._clock.lookahead, (self._timeline.head or 0) + 1))
        self._clock.forget()
        self._audio.reset(self._timeline.epoch)
        self._decoding.reset()
        self._late_since = None

    def _persistently_late(self, unit: Unit, now: float) -> bool:
        if unit.dts > self._playhead:
            self._late_since = None
            return False
        self._late_units += 1
        if self._late_since is None:
            self._late_since = now
        return now - self._late_since > LATE_PATIENCE_S

    def _sound(self, unit: Unit) -> None:
        for offset, samples in self._decoding.decode(unit.packet):
            start = unit.pts + offset
            self._audio.feed(samples, start)
            self._sound_end = max(self._sound_end, start + samples.shape[1])

    def _hear(self, samples: Stereo, start: Tick) -> None:
        """Let perception hear the sound where it was placed: by the stamps, packets would overlap by milliseconds."""
        mono = samples.mean(axis=0)
        self._foley.hear(mono, start)
        if self._taps is not None:
            self._taps.audio(mono, start)

    def tap(self, taps: Taps) -> None:
        """Let ``taps`` have a copy of what comes in from now on."""
        self._taps = taps

    # ---- what perception and the makers of sound say ----

    def perceive(self, event: PerceptionEvent, now: float) -> None:
        """Take an event; a movement becomes a request for a sound."""
        self._foley.perceive(event, self._at(now))

    def accent(self, cue: Cue, now: float) -> int:
        """Ask for an accent (``cue.start`` at or before the playhead means now). Returns the cue's id."""
        return self._foley.accent(cue, self._at(now))

    def take_cues(self) -> list[Cue]:
        """Return the cues nobody has been asked for yet, the most urgent first."""
        return self._foley.take_cues()

    def take_choices(self) -> list[tuple[Tick, Choice]]:
        """Return what was chosen for movements since the last call, with their moments."""
        return self._foley.take_choices()

    def take_bed(self, now: float) -> BedRequest | None:
        """Return the next piece of bed to make, if any."""
        return self._foley.take_bed(max(self._at(now), self._position)) if self.started else None

    def is_wanted(self, cue_id: int) -> bool:
        """Say whether a cue's sound is still waited for."""
        return self._foley.is_wanted(cue_id)

    def deadline_s(self, request: Cue | BedRequest) -> float:
        """Return when (on the clock of ``now``) a sound must be there."""
        return self._clock.wall_s(request.deadline if isinstance(request, Cue) else request.start)

    def lay(self, cue_id: int, sound: Sound | None, now: float) -> None:
        """Lay the answer to a cue on the timeline; None says that there is no sound for it."""
        self._foley.lay(cue_id, sound, max(self._at(now), self._position))

    def lay_bed(self, samples: Stereo, start: Tick) -> None:
        """Lay a piece of bed."""
        self._foley.lay_bed(samples, start)

    def withdraw(self, cue_id: int) -> None:
        """Wait for a cue's sound no longer."""
        self._foley.withdraw(cue_id)

    # ---- how it shall sound ----

    @property
    def mix(self) -> MixSettings:
        """The levels now."""
        return self._foley.mix

    def set_mix(self, changes: Mapping[str, float | bool]) -> None:
        """Change controls of the mix by name (``core.mix.MixControls``), smoothly."""
        self._foley.set_mix(changes)

    @property
    def plan(self) -> PlannerSettings:
        """What is asked for now."""
        return self._foley.plan

    def replan(self, prompts: ActionPrompts) -> None:
        """Ask for other sounds of actions from now on."""
        self._foley.replan(prompts)

    # ---- where it is ----

    @property
    def playout(self) -> Playout:
        """Which tick leaves when."""
        return self._clock

    @property
    def started(self) -> bool:
        """Whether a stream has come."""
        return self._clock.started

    def soonest(self, delay_s: float, now: float) -> Tick:
        """Return the tick that leaves in ``delay_s``."""
        return self._clock.playhead(now) + ticks_from_s(delay_s)

    def _at(self, now: float) -> Tick:
        return self._clock.playhead(now) if self._clock.started else 0

    # ---- what leaves ----

    def advance(self, now: float) -> Departure:
        """Return everything due by ``now``, in order of departure."""
        departure = Departure([], [])
        if not self._clock.started:
            return departure
        self._playhead = playhead = self._clock.playhead(now)
        self._notice_stall(playhead)
        if playhead - self._position > MAX_CATCH_UP:  # the process slept: go on where it stopped
            excess = playhead - self._position
            self._clock.hold_back(excess)
            self._held_back += excess
            self._playhead = self._position
            return departure
        if not self._announced and self._position <= playhead:
            self._announce(departure)
        while self._position <= playhead:
            departure.leave(self._video(self._position))
            self._mix_block(departure)
        departure.leave(self._video(playhead))
        self._foley.expire(playhead)
        self._units_out += len(departure.program)
        return departure

    def wake_s(self) -> float | None:
        """Return when (on the clock of ``now``) the next block is due; None before the stream begins."""
        return self._clock.wall_s(self._position) if self._clock.started else None

    def drained(self) -> bool:
        """Say whether everything that came in has left."""
        return not self._delay and self._position >= max(self._sound_end, self._timeline.head or 0)

    def finish(self) -> Departure:
        """Return what the encoders still hold; the engine is over."""
        return self._encoders.finish(self._timeline.epoch)

    def _notice_stall(self, playhead: Tick) -> None:
        head = self._timeline.head
        if self.state is RoomState.LIVE and head is not None and playhead > head + DRY:
            self.state = RoomState.HOLDING

    def _video(self, until: Tick) -> Iterator[OutputItem]:
        for item in self._delay.pop_due(until):
            yield from self._hold.left(item)
        if self.state is RoomState.HOLDING and not self._delay:
            yield from self._hold.fill(until, self._timeline.epoch)

    def _announce(self, departure: Departure) -> None:
        """Begin with the parameters of every track known by now, so that outputs open with all of them."""
        self._announced = True
        self._encoders.announce(departure)
        departure.leave(item for info in self._delay.pop_infos() for item in self._hold.left(info))

    def _mix_block(self, departure: Departure) -> None:
        start = self._position
        mixed = self._foley.read(start, BLOCK)
        self._position += BLOCK
        departure.sound.append((start, mixed))
        self._encoders.encode(mixed, start, self._timeline.epoch, departure)

    def bytes_in(self, kind: MediaKind) -> int:
        """Return how many bytes of a kind have come."""
        return self._bytes_in[kind]

    def statistics(self) -> EngineStatistics:
        """Return a snapshot of all parts."""
        mixer, planner = self._foley.statistics()
        counters = RoomCounters(
            state=self.state,
            units_in=self._units_in,
            video_bytes=self._bytes_in[MediaKind.VIDEO],
            audio_bytes=self._bytes_in[MediaKind.AUDIO],
            units_out=self._units_out,
            late_units=self._late_units,
            resyncs=self._resyncs,
            hold_frames=self._hold.frames,
            held_back_ticks=self._held_back,
            delay_line_bytes=self._delay.bytes,
            decode_errors=self._decoding.errors,
        )
        own_sound = self._foley.microphone.statistics()
        timeline, audio = self._timeline.statistics(), self._audio.statistics()
        programme = self._foley.programme.statistics()
        return EngineStatistics(counters, timeline, audio, mixer, planner, programme, own_sound)
