"""The judges of the field's cases: what was printed at commit f7a608e fails, what is right passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.field_cases import clips, media
from benchmarks.field_cases.judging import Ran, Verdict

HEAD = "1 recording(s), 1 HLS part(s), tags skipped 0, problem None, said [], TimelineStatistics(epoch=0), resyncs 0"
OUTPUT = (
    "   {}: pictures 175 of 175, A/V {} ms, spread of the pictures {} ms, correlation of the sound {}, decode errors {}"
)


def simulated(av: str = "0.0", spread: str = "0.0", sound: str = "1.0", errors: str = "[]") -> str:
    """Return what a variant's run without a clock prints."""
    outputs = [OUTPUT.format(f"{{0}}{kind}.mp4", av, spread, sound, errors) for kind in ("", "-hls0")]
    return "\n".join([f"-- {{0}}: {HEAD}", *outputs, ""])


def both(text: str, *names: str) -> str:
    """Return the text for each of the names."""
    return "".join(text.replace("{0}", name) for name in names)


TWO = "two.mov          ready, 4.033 s of 4.034000, 3 sounds"
BASE = "base.mp4.wav    quietest tenth  -24.0 dB, all  -18.0 dB"
NEGATIVE = ("reorder", "all34")
CASES = {
    "media/04": (both(simulated("-34.0"), *NEGATIVE), both(simulated(), *NEGATIVE)),
    "media/08": (both(simulated(sound="0.0"), "obs", "later", "many"), both(simulated(), "obs", "later", "many")),
    "media/09": (both(simulated(errors="['x']"), "fourcc", "string"), both(simulated(), "fourcc", "string")),
    "media/24": (
        "signalled | {'v_spread_ms': 0.0, 'av_ms': 9.0, 'corr': 1.0}",
        "signalled | {'v_spread_ms': 0.0, 'av_ms': -0.1, 'corr': 0.99}",
    ),
    "media/23": (
        "segment of 11.00 s, then #EXT-X-TARGETDURATION:11\n" * 14,
        "segment of 2.04 s, then #EXT-X-TARGETDURATION:3\n" * 14,
    ),
    "clips/03": (
        "at 63 s a clip 51.7-61.0\nat 69 s a clip 51.7-66.4\n--- two\n[(17.0, 22.3)]\n[(20.5, 25.7)]",
        "at 63 s a clip 51.7-61.0\n--- two\n[(17.0, 22.3)]\n[(22.3, 25.7)]",
    ),
    "clips/04": ("   jumps per 30 s [5 7 6 7 5 0] rise\n" * 2, "   jumps per 30 s [2 1 0 0 0 0] rise\n" * 2),
    "clips/09": ("'1\\nwhat is said' | transcript: 'what is said'\n" * 2, "'' | transcript: ''\n" * 2),
    "clips/12": (
        "apac.mov         FAILED is in a codec that is not taken\n" + TWO,
        "apac.mov         ready, 4.033 s of 4.034000, 2 sounds\n" + TWO,
    ),
    "clips/20": (
        "confirmed keywords whose sentence comes first: 0, whose sentence comes only after them: 6",
        "confirmed keywords whose sentence comes first: 6, whose sentence comes only after them: 0",
    ),
    "clips/22": (
        "44  7.2/s, usually 0.0/s\n49 over 0.0/s, usually 0.0/s",
        "44  7.2/s, usually 0.0/s\n49 over 7.2/s, usually 0.0/s",
    ),
    "clips/23": (
        "still.mp4.wav    quietest tenth  -14.3 dB, all  -14.0 dB\n" + BASE,
        "still.mp4.wav    quietest tenth  -25.3 dB, all  -24.0 dB\n" + BASE,
    ),
}


def judged(case: str, text: str) -> Verdict:
    folder, number = case.split("/")
    verdict = Verdict()
    {"media": media.JUDGES, "clips": clips.JUDGES}[folder][number](Ran(Path(case), text, Path(), Path()), verdict)
    return verdict


@pytest.mark.parametrize("case", CASES)
def test_what_was_wrong_fails_and_what_is_right_passes(case: str) -> None:
    wrong, right = CASES[case]
    assert not judged(case, wrong).passes
    assert judged(case, right).faults == []


@pytest.mark.parametrize(
    "case", [f"{name}/{number}" for name, of in (("media", media.JUDGES), ("clips", clips.JUDGES)) for number in of]
)
def test_no_judge_is_content_with_nothing(case: str) -> None:
    assert not judged(case, "").passes
