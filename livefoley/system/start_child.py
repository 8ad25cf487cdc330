"""Starts a module as a child process: ``python -m livefoley.system.start_child MODULE ...``; see `children`."""

import sys

from livefoley.system.children import run

run(sys.argv[1:])
