"""Whoever works for a stream goes behind it, at whatever priority the stream itself was started."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CHILD = """
import psutil
from livefoley.system.priority import step_behind_parent
step_behind_parent({by})
step_behind_parent({by})
print(psutil.Process().nice())
"""
PARENT = """
import os, subprocess, sys
os.nice({nice})
subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="priorities of Windows are classes")
@pytest.mark.parametrize(("parent", "by", "nice"), [(0, 5, 5), (3, 5, 8), (10, 10, 19), (19, 5, 19)])
def test_a_worker_is_behind_its_parent_once_and_never_before_it(parent: int, by: int, nice: int) -> None:
    run = [sys.executable, "-c", PARENT.format(nice=parent), CHILD.format(by=by)]
    found = int(subprocess.run(run, check=True, capture_output=True, timeout=120).stdout)
    assert found == min(19, os.nice(0) + nice)
