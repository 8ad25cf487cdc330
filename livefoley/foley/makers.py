"""The makers of sounds for files, clips and single sounds; a new one is a class, and a line in ``Makers.makers``.

Live the same makers are asked, in processes of their own (``wiring.rooms.live_makers``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from livefoley.core.cues import Sound, SoundRequest, SoundSource
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.foley import levels
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.bank.repeated import repeated
from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.chain import MakerOrder, Offer, Refusal, SoundMaker, StudentUse
from livefoley.foley.offers import procedural_offer
from livefoley.foley.recordings.finder import Finder
from livefoley.foley.recordings.maker import RecordingsMaker
from livefoley.foley.rendered import RenderedSounds
from livefoley.foley.sound_chain import SoundChain
from livefoley.foley.source import Foley
from livefoley.foley.student.maker import StudentMaker
from livefoley.foley.student.settings import StudentSettings
from livefoley.foley.take_cache import CachedTakes

SEGMENT: Tick = ticks_from_s(6.0)


class BankMaker:
    """The effects, built-in and the operator's own. Implements ``foley.chain.SoundMaker``."""

    source = SoundSource.BANK

    def __init__(self, bank: EffectBank) -> None:
        self._bank = bank

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say whether the bank has just that sound, or one that would do."""
        return self._bank.offer(request)

    def make(self, request: SoundRequest) -> Sound | Refusal:
        """Return the sound; of what is done over and over as much as is asked for."""
        return repeated(request, self._bank.make) or self._bank.make(request) or Refusal("has no such sound")


class ProceduralMaker:
    """Synthesised ambience. Implements ``foley.chain.SoundMaker`` and ``BedMaker``."""

    source = SoundSource.PROCEDURAL

    def __init__(self, rendered: RenderedSounds) -> None:
        self._rendered = rendered

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say whether it knows the place."""
        return procedural_offer(request)

    def make(self, request: SoundRequest) -> Sound:
        """Return a segment of an ambience; it begins and ends without a click."""
        samples = levels.faded(self.bed(request).read(request.length or SEGMENT))
        return Sound(samples, 0, self.source, request.prompt, seed=request.seed)

    def bed(self, request: SoundRequest) -> ProceduralBed:
        """Return the ambience."""
        return ProceduralBed(request.seed, request.prompt, self._rendered)


class Makers:
    """What a process makes sounds with: the bank opened now, the student when it is first needed, each once."""

    def __init__(
        self,
        libraries: Iterable[Path] = (),
        student: StudentSettings | None = None,
        *,
        seed: int = 0,
        cache_directory: Path | None = None,
    ) -> None:
        """Open the operator's ``libraries``; no ``student`` for ``None``. Another ``seed``, other variants.

        Raises ``BankError`` for a library whose index cannot be read.
        """
        self.foley = Foley(libraries, cache_directory, seed=seed)
        self.student = StudentMaker(student) if student is not None else None
        self._finder = Finder(self.foley.libraries)
        self._recordings = RecordingsMaker(self._finder.find, self._finder.count)

    @property
    def has_recordings(self) -> bool:
        """Whether the libraries hold any sound."""
        return self._finder.count > 0

    def makers(self) -> list[SoundMaker]:
        """Return all makers, of equally good ones the earlier first; what they keep, they keep for one use."""
        return [
            BankMaker(self.foley.bank),
            *([self._recordings] if self.has_recordings else []),
            *([CachedTakes(self.student)] if self.student is not None else []),
            ProceduralMaker(self.foley.rendered),
        ]

    def chain(self, use: StudentUse = StudentUse.AUTO, order: MakerOrder | None = None) -> SoundChain:
        """Return them as one, for one file, clip or sound: what it gives depends on nothing that was made before."""
        return SoundChain(self.makers(), order if order is not None else MakerOrder.of(use))

    def rest(self) -> None:
        """Let go of what can be loaded again: nothing will be asked for soon."""
        self._finder.release()
        if self.student is not None:
            self.student.rest()
