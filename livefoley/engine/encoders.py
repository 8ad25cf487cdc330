"""What a room's sounds are encoded with on their way out: the programme, the foley alone, the original."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from livefoley.core.media import Packet, TrackInfo, Unit
from livefoley.core.ports import AudioEncoder
from livefoley.core.ticks import Tick
from livefoley.engine.mixer import Mixed
from livefoley.engine.room_types import Departure


@dataclass(frozen=True, slots=True)
class Encoders:
    """An encoder for each sound that leaves encoded; ``original`` needs a mix that is told ``apart``."""

    program: AudioEncoder | None
    stem: AudioEncoder | None = None
    original: AudioEncoder | None = None

    def announce(self, departure: Departure) -> None:
        """Begin each sound with its parameters."""
        if self.program is not None:
            departure.leave([self.program.info])
        if self.original is not None:
            departure.with_original.append(replace(self.original.info, original=True))
        if self.stem is not None:
            departure.stem.append(self.stem.info)

    def encode(self, mixed: Mixed, start: Tick, epoch: int, departure: Departure) -> None:
        """Let a block of all sounds leave."""
        if self.program is not None:
            departure.leave(_units(self.program.encode(mixed.program, start), epoch))
        if self.original is not None and mixed.original is not None:
            packets = self.original.encode(mixed.original, start)
            departure.with_original.extend(_units(packets, epoch, original=True))
        if self.stem is not None and mixed.stem is not None:
            departure.stem.extend(_units(self.stem.encode(mixed.stem, start), epoch))

    def finish(self, epoch: int) -> Departure:
        """Return what the encoders still hold."""
        program, stem, original = (each.flush() if each else [] for each in (self.program, self.stem, self.original))
        departure = Departure([], list(_units(stem, epoch)))
        departure.leave(_units(program, epoch))
        departure.with_original.extend(_units(original, epoch, original=True))
        return departure


def _units(packets: list[Packet], epoch: int, *, original: bool = False) -> Iterator[TrackInfo | Unit]:
    yield from (Unit(packet, packet.pts, packet.dts, epoch, original) for packet in packets)
