"""What every test starts from, and what is said at the end of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import structlog

from tests.peers import MATERIAL, SKIPPED


@pytest.fixture(autouse=True)
def unconfigured_log() -> Iterator[None]:
    """A log that a test configures writes to that test's standard error: nothing of it is left to the next."""
    yield
    structlog.reset_defaults()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped for want of what, and how to get it."""
    wanted = Counter(_wanted(report) for report in terminalreporter.getreports("skipped"))
    if not wanted:
        return
    terminalreporter.section("skipped for want of")
    for what, count in wanted.most_common():
        terminalreporter.write_line(f"{what}: {count} tests")
    if wanted.keys() - {MATERIAL}:
        terminalreporter.write_line("`make peers` installs these; on Debian and Ubuntu, as root or with sudo.")
    if MATERIAL in wanted:
        terminalreporter.write_line("The shared material (recordings and footage) is no part of the repository.")


def _wanted(report: pytest.TestReport) -> str:
    """Return what a skipped test needs, in a few words."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ").removeprefix(SKIPPED).partition(":")[0]
