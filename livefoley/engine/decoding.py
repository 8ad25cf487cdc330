"""The decoder of the publisher's sound, and what is to be said when nothing comes out of it."""

from __future__ import annotations

from livefoley.core.cues import Stereo
from livefoley.core.errors import LivefoleyError
from livefoley.core.media import Packet, TrackInfo
from livefoley.core.ports import AudioDecoder, DecoderFactory
from livefoley.core.ticks import Tick

HOPELESS = 100
"""Packets in a row that cannot be decoded, some two seconds: that is no accident on the way."""


class SoundDecoding:
    """Decodes one sound track at a time.

    ``problem`` says in one line why none of it is used: nobody decodes the codec, or what comes is not of it.
    ``errors`` counts the packets that could not be decoded, over all tracks.
    """

    def __init__(self, make: DecoderFactory) -> None:
        self.errors = 0
        self.problem: str | None = None
        self._make = make
        self._decoder: AudioDecoder | None = None
        self._codec = ""
        self._in_a_row = 0  # packets that could not be decoded, since one could
        self._useless = False

    def open(self, info: TrackInfo) -> None:
        """Take a track's parameters."""
        self.problem, self._codec, self._in_a_row, self._useless = None, info.codec, 0, True
        try:
            self._decoder = self._make(info)
        except LivefoleyError as error:
            self._decoder = None
            self.problem = str(error)

    def reset(self) -> None:
        """The next packet may come from anywhere."""
        if self._decoder is not None:
            self._decoder.reset()

    def decode(self, packet: Packet) -> list[tuple[Tick, Stereo]]:
        """Return ``(offset, samples)`` of each block; see ``AudioDecoder.decode``."""
        if self._decoder is None:
            return []
        before = self._decoder.errors
        blocks = self._decoder.decode(packet)
        failed = self._decoder.errors - before
        self.errors += failed
        if blocks:
            self._in_a_row, self._useless, self.problem = 0, False, None
        elif failed:
            self._in_a_row += 1
        if self._in_a_row >= HOPELESS:
            self._give_up()
        return blocks

    def end(self) -> None:
        """Nothing more comes; a track of which nothing could be decoded is told of, however short it was."""
        if self._useless and self._in_a_row:
            self._give_up()

    def _give_up(self) -> None:
        self.problem = f"the sound cannot be decoded: what comes is damaged, or no {self._codec}"
