"""Every door's parser: what was found once stays found, and each is fuzzed anew for a while.

``LIVEFOLEY_FUZZ_SECONDS`` says for how long each (continuous integration: 8); ``python -m tests.fuzz`` does it longer.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import CORPUS, TARGETS, corpus
from tests.support.programs import run_peer

SECONDS = int(os.environ.get("LIVEFOLEY_FUZZ_SECONDS", "2"))
EACH = [pytest.param(name, marks=pytest.mark.xdist_group(f"fuzz-{name}")) for name in TARGETS]
INPUTS = [pytest.param(name, path, id=f"{name}-{path.name}") for name in TARGETS for path in corpus(name)]


@pytest.mark.parametrize(("name", "path"), INPUTS)
def test_an_input_that_is_kept_gives_something_or_a_refusal(name: str, path: Path) -> None:
    TARGETS[name](path.read_bytes())


def test_every_target_has_its_seeds() -> None:
    assert {path.name for path in CORPUS.iterdir()} == TARGETS.keys() == SEEDS.keys()
    for name, make in SEEDS.items():
        missing = {seed for seed in make() if not (CORPUS / name / seed).exists()}
        assert not missing, f"{name}: python -m tests.fuzz --make-seeds"


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("name", EACH)
async def test_nothing_is_found(name: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(SECONDS)]
    status, said = await run_peer(*command, timeout_s=SECONDS + 100)
    assert status == 0, said[-6000:]
