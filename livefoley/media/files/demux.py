"""What a container holds as livefoley carries it: track parameters and packets, NAL units with lengths.

Takes an open PyAV input; all calls may block and belong in a thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import Any

from av.stream import Discard

from livefoley.core.errors import InputError, UnsupportedCodec
from livefoley.core.media import VIDEO_CODECS, Display, MediaKind, Packet, SourceItem, TrackInfo
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_stamp
from livefoley.formats import framing, nal
from livefoley.media.audio_codecs import DECODABLE
from livefoley.media.files import display_order
from livefoley.media.files.choice import REMEDY, choose, codec_of, count
from livefoley.media.files.continuous import CONTAINERS, Continuous
from livefoley.media.files.cut_away import CutAway
from livefoley.media.files.decoded_sound import SoundDecoder
from livefoley.media.files.display import display_of
from livefoley.media.files.display_order import DisplayOrder
from livefoley.media.files.reencode import Reencoder

HEADLESS = 300
"""Packets without parameters before they are given up: with H.264 the next keyframe may be ten seconds away."""
ENCRYPTED = "they are encrypted (DRM), and livefoley has no key; use the file as it was before"
NEVER_CAME = "the parameters to decode them never came"

SAME_TRACKS = {"merge_pmt_versions": "1"}
"""For MPEG-TS: a track goes on that an encoder started anew sends by another number."""


def fraction(time_base: Any) -> Fraction:
    """Return a PyAV time base (``Fraction`` in 18, ``AVRational`` in 19) as a ``Fraction``."""
    return Fraction(time_base.numerator, time_base.denominator)


class Demuxer:
    """Reads one picture track and one sound track of ``container`` (an open ``av`` input); see `choice` for which.

    Pictures in a codec of ``keep`` pass as they are. Others are made H.264 when ``reencode`` says so, else refused with
    ``UnsupportedCodec``; their longer side is ``largest`` at most. Sound in a codec that is not carried becomes PCM.
    ``InputError`` when there is nothing to read. ``continuous``: stamps that begin again in the middle of a recording
    go on; those of a live stream are its room's to place.
    """

    def __init__(
        self,
        container: Any,
        name: str,
        keep: Collection[str] = VIDEO_CODECS,
        reencode: bool = False,
        largest: int = 1 << 14,
        continuous: bool = False,
    ) -> None:
        self._container = container
        self._line = Continuous() if continuous and container.format.name in CONTAINERS else None
        self._later = 0  # tracks that began while it was read
        tracks, self._missed = _choose(container, name, keep, largest if reencode else 0)
        self._tracks = {track.stream.index: track for track in tracks}
        self._names = {at: _named(track.stream) for at, track in self._tracks.items()}  # a closed stream crashes
        self._packets = dict.fromkeys(self._tracks, 0)
        self._encrypted: set[int] = set()
        for stream in container.streams:
            if stream.index not in self._tracks:
                stream.discard = Discard.all  # do not even download the other variants of a playlist

    @property
    def problems(self) -> tuple[str, ...]:
        """Lines for people, one for each kind of track that is there and cannot be used, as far as that is known."""
        headless = (self._names[at] for at, track in self._tracks.items() if track.headless)
        return (
            *self._missed,
            *(f"{self._names[at]} cannot be used: {ENCRYPTED}" for at in sorted(self._encrypted)),
            *(f"{name} cannot be used: {NEVER_CAME}; {REMEDY}" for name in headless),
        )

    @property
    def losses(self) -> tuple[str, ...]:
        """Lines for people, one for each track of which something could not be used; whole when all has been read."""
        losses = [_loss(self._names[at], track, self._packets[at]) for at, track in self._tracks.items()]
        later = f"tracks that begin in the middle of it ({self._later}) are left out; {REMEDY}" if self._later else ""
        return tuple(filter(None, (*losses, later)))

    @property
    def skipped(self) -> int:
        """How many packets could not be used: without stamp or parameters, damaged, or too many that are cut away."""
        return sum(track.skipped for track in self._tracks.values())

    @property
    def infos(self) -> list[TrackInfo]:
        """The parameters of the tracks, as far as known."""
        return [track.info for track in self._tracks.values() if track.info is not None]

    @property
    def tracks(self) -> int:
        """How many tracks there are."""
        return len(self._tracks)

    def items(self) -> Iterator[SourceItem]:
        """Yield parameters and packets in the container's order until its end."""
        yield from self.infos
        streams = [track.stream for track in self._tracks.values()]
        for packet in self._read(streams):
            if not packet.size:
                continue
            index = packet.stream_index
            if self._line is not None:
                self._line.place(packet)
            self._packets[index] += 1
            if packet.has_sidedata("encryption_info"):
                self._encrypted.add(index)
            else:
                yield from self._tracks[index].items(packet)
        for track in self._tracks.values():
            yield from track.flush()

    def _read(self, streams: list[Any]) -> Iterator[Any]:
        known = count(self._container)
        try:
            yield from self._container.demux(streams)
        except IndexError:  # PyAV, where it flushes tracks it does not know
            pass
        self._later = max(0, count(self._container) - known)


def _choose(
    container: Any, name: str, keep: Collection[str], largest: int
) -> tuple[list[_Track | _Reencoded | _Decoded], tuple[str, ...]]:
    chosen = choose(container)
    if not chosen.streams:
        found = "; ".join(chosen.problems) or "no pictures and no sound"
        raise InputError(f"{name}: nothing to play in it ({found})")
    tracks: list[_Track | _Reencoded | _Decoded] = []
    if chosen.video is not None:
        codec = codec_of(chosen.video)
        if codec not in keep and not largest:
            raise UnsupportedCodec(f"{name}: {codec} video (stream {chosen.video.index}) cannot be carried; {REMEDY}")
        carried = codec in keep
        tracks.append(_Track(chosen.video, container.format.name) if carried else _Reencoded(chosen.video, largest))
    if chosen.audio is not None:
        known = bool(chosen.audio.codec_context.sample_rate)  # else FFmpeg stamps one packet in many
        kept = known and codec_of(chosen.audio) in DECODABLE
        tracks.append(_Track(chosen.audio, container.format.name) if kept else _Decoded(chosen.audio))
    return tracks, chosen.problems


def _named(stream: Any) -> str:
    kind = "pictures" if stream.type == "video" else "sound"
    return f"the {kind} ({codec_of(stream)} in stream {stream.index})"


def _loss(name: str, track: _Track | _Reencoded | _Decoded, packets: int) -> str:
    """Return what is to be said of a track of which ``packets`` were read; empty when all of it was used."""
    if not packets:
        return f"there is nothing in {name}"
    if not track.skipped or track.headless:
        return ""
    return f"{track.skipped} of {packets} packets of {name} could not be used: damaged, or without what they need"


class _Track:
    """One stream of the container, and its packets as livefoley carries them."""

    def __init__(self, stream: Any, container: str) -> None:
        self.stream = stream
        self.info: TrackInfo | None = None
        self._order = _order(stream, container)
        self._kind = MediaKind(stream.type)
        self._codec = codec_of(stream)
        self._time_base = fraction(stream.time_base)
        self._cut = CutAway()
        self._unusable = 0
        self._ended = False
        self._preroll: Any = None
        self._last_dts: int | None = None
        self._display = display_of(stream) if self._kind is MediaKind.VIDEO else Display()
        extradata = bytes(stream.codec_context.extradata or b"")
        self._framed = self._codec in framing.CODECS
        self._annex_b = self._framed and (not extradata or nal.is_annex_b(extradata))
        known = framing.read_configuration(extradata, self._codec) if self._framed else None
        self._sets = framing.ParameterSets(self._codec, known[1] if known and known[0] == self._codec else ())
        if not self._annex_b:
            self.info = self._describe(extradata)
        elif self._sets.configuration:
            self.info = self._describe(self._sets.configuration)

    def items(self, packet: Any) -> list[SourceItem]:
        """Return what ``packet`` amounts to: new parameters, packets, or nothing."""
        if self._kind is MediaKind.AUDIO and packet.is_discard:
            self._preroll = packet  # cut off by an edit list; the last of them primes the decoder
            return []
        if self._preroll is not None:
            held, self._preroll = self._preroll, None
            return self._carry(held) + self._carry(packet)
        if self._order is None:
            return self._cut.feed(self._carry(packet), bool(packet.is_discard))
        return [item for each in self._order.feed(packet) for item in self._carry(each)]

    @property
    def skipped(self) -> int:
        """How many packets led to nothing."""
        return self._unusable + self._cut.dropped

    @property
    def headless(self) -> bool:
        """Whether so much came without parameters that these will hardly come."""
        return self.info is None and (self._unusable > HEADLESS or (self._ended and self._unusable > 0))

    def flush(self) -> list[SourceItem]:
        """Return what was held back, at the end."""
        self._ended = True
        ordered = [] if self._order is None else self._order.flush()
        return [*self._cut.flush(), *(item for each in ordered for item in self._carry(each))]

    def _carry(self, packet: Any) -> list[SourceItem]:
        data, changed, keyframe = bytes(packet), self._changed(packet), bool(packet.is_keyframe)
        if self._annex_b or (self._framed and framing.has_start_codes(data)):
            units = nal.split_annex_b(data)
            changed = self._learn(units)
            data = nal.join_length_prefixed(units)
            keyframe = keyframe or nal.is_keyframe(self._codec, units)  # where lengths should be FFmpeg sees none
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None and self._kind is MediaKind.AUDIO and not packet.duration:
            return []  # of neither time nor length: an Ogg's padding behind its end
        if pts is None or self.info is None or not data:
            self._unusable += 1
            return []
        hidden = packet.is_discard and packet.dts is not None  # what is cut away has times of its own
        dts = min(packet.dts, pts) if hidden else self._decoding_time(packet.dts, pts)
        carried = Packet(self._kind, data, pts, dts, self._time_base, keyframe)
        return [self.info, carried] if changed else [carried]

    def _decoding_time(self, dts: int | None, pts: int) -> int:
        """Return a dts that does not step back: Matroska stores none, and FFmpeg's guess begins with gaps."""
        last = self._last_dts
        if dts is None:
            dts = pts if last is None else last
        self._last_dts = min(dts, pts) if last is None else max(min(dts, pts), last)
        return self._last_dts

    def _changed(self, packet: Any) -> bool:
        if self._annex_b or not packet.has_sidedata("new_extradata"):
            return False
        before, self.info = self.info, self._describe(bytes(packet.get_sidedata("new_extradata")))
        return self.info != before

    def _learn(self, units: list[bytes]) -> bool:
        """Take parameter sets from ``units``; tell whether the track's parameters changed."""
        if not self._sets.learn(units):
            return False
        before, self.info = self.info, self._describe(self._sets.configuration)
        return self.info != before

    def _describe(self, extradata: bytes) -> TrackInfo:
        context = self.stream.codec_context
        if self._kind is MediaKind.AUDIO:
            return TrackInfo(
                self._kind, self._codec, extradata, sample_rate=context.sample_rate, channels=context.layout.nb_channels
            )
        width, height = nal.picture_size(self._codec, extradata) or (context.width, context.height)
        return TrackInfo(self._kind, self._codec, extradata, width, height, display=self._display)


class _Reencoded:
    """One video stream that is made H.264; its parameters are known with its first picture."""

    def __init__(self, stream: Any, largest: int) -> None:
        self.stream = stream
        self.info = None
        self.headless = False
        self._reencoder = Reencoder(stream, fraction(stream.time_base), display_of(stream), largest)
        self.items = self._reencoder.feed
        self.flush = self._reencoder.flush

    @property
    def skipped(self) -> int:
        """How many packets could not be decoded."""
        return self._reencoder.errors


class _Decoded:
    """One sound stream that is made PCM; its parameters are known with its first frame."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.info = None
        self.headless = False
        self._decoder = SoundDecoder(stream, fraction(stream.time_base))
        self.items = self._decoder.feed
        self.flush = self._decoder.flush

    @property
    def skipped(self) -> int:
        """How many packets could not be decoded."""
        return self._decoder.errors


def _order(stream: Any, container: str) -> DisplayOrder | None:
    """Return what finds the presentation times that a container does not store, or None when there is no need.

    What FFmpeg fills in there is a guess, for pictures that are not reordered, too.
    """
    untold = container in display_order.CONTAINERS and codec_of(stream) in framing.CODECS
    return DisplayOrder(stream.codec_context) if untold else None


def interleave(
    items: Iterable[SourceItem], tracks: int, window: int = 2 * TICK_RATE, limit: int = 2048
) -> Iterator[SourceItem]:
    """Yield ``items`` in order of dts over all tracks, as a live source would bring them.

    Containers may hold one track ahead of another. An item waits until each of ``tracks`` tracks has a later one, but
    for no more than ``window`` ticks or ``limit`` packets. Parameters go with the next packet of their track.
    """
    heap: list[tuple[Tick, int, list[SourceItem]]] = []
    waiting: dict[MediaKind, list[SourceItem]] = {}
    newest: dict[MediaKind, Tick] = {}
    for number, item in enumerate(items):
        if not isinstance(item, Packet):
            if isinstance(item, TrackInfo):
                waiting.setdefault(item.kind, []).append(item)
            continue
        at = max(ticks_from_stamp(item.dts, item.time_base), newest.get(item.kind, -(1 << 62)))  # keep a track's order
        heapq.heappush(heap, (at, number, [*waiting.pop(item.kind, ()), item]))
        newest[item.kind] = at
        ready = min(newest.values()) if len(newest) >= tracks else at - window
        while heap and (heap[0][0] <= max(ready, at - window) or len(heap) > limit):
            yield from heapq.heappop(heap)[2]
    while heap:
        yield from heapq.heappop(heap)[2]
