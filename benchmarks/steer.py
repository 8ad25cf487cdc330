"""What a host's ordinary speech raises: ``python benchmarks/steer.py [--heard]``.

The lines of shared/speech as they are written, or with ``--heard`` as the recogniser hears them in restaurant murmur
20 dB below, each recording a context of its own. Value: times a minute that a thing or a place comes to count which is
not there, over the recordings in which nothing is shown (a past bike, a game, a season). Beside it how many of the
recordings in which something is shown raise it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from common import print_result, print_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech import NOISES, SPEECH, Clip, clips, hear, in_noise, read

from livefoley.core.events import Mention, Transcript
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.engine.leanings.host import HostContext
from livefoley.foley.description.mentions import mentions

TARGET = 0.2  # a minute
SNR_DB = 20.0
SHOWN = {
    "zh03.wav": {"metal"},
    "zh10.wav": {"soft"},
    "zh12.wav": {"paper"},
    "zh13.wav": {"soft"},
    "en02.wav": {"footstep", "soft"},
    "en13.wav": {"soft"},
    "en15.wav": {"ceramic", "metal"},
    "live_shop_zh_20db.flac": {"footstep"},
    "live_shop_en_5db.flac": {"soft"},
    "live_game_mixed_10db.flac": {"footstep"},
    "live_sport_mixed_5db.flac": {"soft"},
}
"""What is shown, or named as what one sells, in each recording; nothing in all others. Sport has the stadium, too."""
PLACES = {"live_game_mixed_10db.flac": {"比赛"}, "live_sport_mixed_5db.flac": {"比赛"}}


def sentences(clip: Clip, heard: bool) -> Iterator[tuple[str, Tick]]:
    """Give what is said, and when it ends."""
    if heard:
        sound = read(clip.path) if clip.snr_db is not None else in_noise(clip, SNR_DB, NOISES[0])
        for event in hear(sound, []):
            if isinstance(event, Transcript) and event.final:
                yield event.text, event.end
        return
    lines = clip.text.split(" / ")
    length = clip.speech[-1][1] / len(lines)
    for number, line in enumerate(lines):
        yield line, ticks_from_s(length * (number + 1))


def counted(clip: Clip, heard: bool) -> tuple[set[str], list[str]]:
    """Return what comes to count in a recording, and all that is named."""
    host, raised, named = HostContext(), set[str](), list[str]()
    for text, at in sentences(clip, heard):
        found: list[Mention] = mentions(text, at)
        for mention in found:
            named.append(f"{mention.text}{'' if mention.shown else '?'}")
            host.take(mention)
        raised |= {each.family.value for each in host.raised(at)} | ({host.place(at)[0]} - {""})
    return raised, named


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--heard", action="store_true", help="as the recogniser hears it")
    heard = parser.parse_args().heard
    rows, wrong, found, minutes = [], 0, 0, 0.0
    for clip in clips(SPEECH / "manifest.csv"):
        raised, named = counted(clip, heard)
        right = SHOWN.get(clip.name, set())
        false = raised - right - PLACES.get(clip.name, set())
        wrong += len(false)
        found += bool(raised & right)
        minutes += len(read(clip.path)) / TICK_RATE / 60
        if named:
            rows.append((clip.name, " ".join(named), " ".join(sorted(raised)), " ".join(sorted(false))))
    print_table(("recording", "named (? spoken of)", "counts", "false"), rows)
    print(f"{minutes:.1f} minutes; {found} of {len(SHOWN)} recordings that show something raise it")
    value = wrong / minutes
    print_result("false_context", round(value, 3), "per minute", None, TARGET, value <= TARGET)


if __name__ == "__main__":
    main()
