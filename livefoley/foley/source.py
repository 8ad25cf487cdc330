"""All foley of a process in one object: the bank for actions and accents, a bed for every room, one cache of both."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

from livefoley.core.cues import Sound, SoundRequest, Stereo
from livefoley.core.snapshots import RenderCacheSnapshot
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.bank.library import Library
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.description import lexicon
from livefoley.foley.render_cache import RenderCache, stored
from livefoley.foley.rendered import RenderedSounds
from livefoley.system import dirs


class Foley:
    """What a worker process serves: ``make`` for cues, ``bed`` for rooms. Synchronous; one thread at a time."""

    def __init__(
        self,
        libraries: Iterable[Path] = (),
        cache_directory: Path | None = None,
        memory_bytes: int = 96_000_000,
        seed: int = 0,
    ) -> None:
        """Open the operator's ``libraries`` and the cache (the user's own unless given).

        Raises ``BankError`` for a library whose index cannot be read.
        """
        directory = cache_directory if cache_directory is not None else dirs.cache_directory()
        self._cache = RenderCache(directory, memory_bytes)
        self.rendered = RenderedSounds(self._cache, seed)
        self.libraries = tuple(Library(path) for path in libraries)
        self.bank = EffectBank(self.rendered, self.libraries)
        self._beds: dict[str, ProceduralBed] = {}
        self._seed = seed

    def make(self, request: SoundRequest) -> Sound | None:
        """Return the sound that is asked for, None when nothing fits."""
        return self.bank.make(request)

    def bed(self, room: str, describe: str, seed: int = 0) -> ProceduralBed:
        """Return the bed of ``room``, made with ``seed`` at first and brought to ``describe`` at later calls."""
        bed = self._beds.get(room)
        if bed is None:
            own = zlib.crc32(room.encode()) + self._seed + seed
            bed = self._beds[room] = ProceduralBed(own, describe, self.rendered)
        else:
            bed.describe(describe)
        return bed

    def add_segment(self, room: str, description: str, segment: Stereo, source: str) -> bool:
        """Give the bed of ``room`` a segment that ``source`` made of ``description``; False: it has no use for it."""
        bed = self._beds.get(room)
        return bed is not None and bed.add_segment(description, stored(segment, 0), source)

    def close(self, room: str) -> None:
        """Forget the bed of ``room``."""
        self._beds.pop(room, None)

    def warm(self, describe: str) -> None:
        """Render the action sounds a description asks for, so that the first of them is not late."""
        self.bank.warm(dict.fromkeys((*lexicon.action_effects(describe)[:2], lexicon.NEUTRAL_SWEEP)))

    def statistics(self) -> RenderCacheSnapshot:
        """Return a snapshot of what was rendered and what was found."""
        return self._cache.statistics()
