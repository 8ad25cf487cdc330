"""Fuzz one target for a time, from its corpus on.

    python -m tests.fuzz TARGET [--seconds N]
    python -m tests.fuzz --make-seeds

Guided by coverage where atheris is installed (Linux), else by hypothesis. What is found is written to
``tests/fuzz/corpus/TARGET/found-...``: keep it there, it is tried by every run of the tests from then on.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

MAX_BYTES = 8192
SLOW_S = 20  # an input that takes so long is a finding
MEMORY_MB = 1500


def by_coverage(name: str, seconds: int, place: Path) -> None:
    """Fuzz with atheris; ends the process: 0 when nothing was found."""
    import atheris

    with atheris.instrument_imports(include=["livefoley"]):
        from tests.fuzz.targets import TARGETS
    # The peak of whoever started this process counts as its own (Linux keeps it over exec).
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_BYTES}",
        f"-timeout={SLOW_S}",
        f"-rss_limit_mb={peak_mb + MEMORY_MB}",
        f"-artifact_prefix={place}/found-",
        "-print_final_stats=1",
        "-close_fd_mask=0",
        "-verbosity=1",
    ]
    with tempfile.TemporaryDirectory() as grown:
        atheris.Setup([sys.argv[0], *options, grown, str(place)], TARGETS[name])
        atheris.Fuzz()


def by_hypothesis(name: str, seconds: int, place: Path) -> None:
    """Fuzz by damaging the corpus; raises what was found, made as small as it goes."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    from tests.fuzz.targets import TARGETS

    target, seeds = TARGETS[name], [path.read_bytes() for path in sorted(place.iterdir())]
    last = b""

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(st.sampled_from(seeds), st.randoms(use_true_random=False), st.integers(0, 8))
    def once(seed: bytes, chance: random.Random, times: int) -> None:
        nonlocal last
        last = damaged(seed, chance, times)
        target(last)

    until_s, count = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < until_s:
            once()
            count += 1
    except Exception:
        (place / f"found-{sha256(last).hexdigest()[:16]}").write_bytes(last)
        raise
    print(f"{name}: {200 * count} inputs, nothing found")


def damaged(seed: bytes, chance: random.Random, times: int) -> bytes:
    """Return a seed with bytes changed, cut out, doubled or put in."""
    data = bytearray(seed)
    for _ in range(times):
        at, count = chance.randrange(len(data) + 1), chance.randrange(1, 40)
        kind = chance.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del data[at : at + count]
        elif kind == 2:
            data[at:at] = data[at : at + 5 * count]
        elif kind == 3:
            data[at:at] = chance.randbytes(count)
        else:
            data[at : at + count] = chance.choice((b"\xff", b"\x00", b"9", b"-1", b"1e999")) * count
    return bytes(data[:MAX_BYTES])


def main() -> None:
    """Fuzz, or make the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--make-seeds", action="store_true", help="write the seeds again, and nothing else")
    asked = parser.parse_args()
    if asked.make_seeds:
        from tests.fuzz.seeds import write

        write()
        return
    place = Path(__file__).parent / "corpus" / str(asked.target)
    if not place.is_dir():
        known = ", ".join(sorted(each.name for each in place.parent.iterdir()))
        sys.exit(f"there is no target {asked.target}; there are {known}")
    if importlib.util.find_spec("atheris") is not None:
        by_coverage(asked.target, asked.seconds, place)
    else:
        by_hypothesis(asked.target, asked.seconds, place)


if __name__ == "__main__":
    main()
