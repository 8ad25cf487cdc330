"""The worker that makes sounds for all rooms of a process: ``python -m livefoley.runtime.workers.foley_worker``."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from livefoley.foley.bed.bed import ProceduralBed
from livefoley.foley.source import Foley
from livefoley.foley.synth import load_tools
from livefoley.runtime.workers.child import Answer, serve
from livefoley.runtime.workers.link import LOOSE, Header
from livefoley.runtime.workers.messages import request_from, sound_header, stereo_bytes, stereo_from

TOOLS_S = 60.0  # nobody waits for them then, and everybody needs the processor before


class FoleyWorker:
    """Answers with sounds and pieces of bed; every answer carries the number of its request."""

    def __init__(self) -> None:
        self._foley = Foley()
        self._beds: dict[str, ProceduralBed] = {}
        self._tools = threading.Timer(TOOLS_S, load_tools)
        self._tools.daemon = True

    def handle(self, header: Header, payload: bytes) -> Iterable[Answer[Header]]:
        """Return the answer to one request."""
        match header["op"]:
            case "open":
                self._foley = Foley([Path(path) for path in header["libraries"]])
                self._beds.clear()
                return [({"op": "names", "names": list(self._foley.bank.names())}, b"")]
            case "describe":
                self._beds[header["room"]] = self._foley.bed(header["room"], header["text"], header["seed"])
                self._foley.warm(header["text"])
            case "forget":
                self._beds.pop(header["room"], None)
                self._foley.close(header["room"])
            case "make":
                return [self._sound(header)]
            case "bed":
                self._expect_renders()
                bed = self._beds[header["room"]]
                samples = bed.read(header["length"])
                return [({"op": "bed", "number": header["number"], "source": bed.source}, stereo_bytes(samples))]
            case "segment":
                self._foley.give(header["room"], header["text"], stereo_from(payload), header["source"])
        return []

    def _expect_renders(self) -> None:
        """Load the tools of rendering a while after the first stream began: beds are renewed every few minutes."""
        if self._tools.ident is None:
            self._tools.start()

    def _sound(self, header: Header) -> Answer[Header]:
        number = header["number"]
        sound = self._foley.make(request_from(header["request"]))
        if sound is None:
            return {"op": "nothing", "number": number}, b""
        return {"op": "sound", "number": number, **sound_header(sound)}, stereo_bytes(sound.samples)


if __name__ == "__main__":
    serve(LOOSE, FoleyWorker().handle)
