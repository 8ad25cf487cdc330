"""What every test starts from, and what is said at the end of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.support.made import keep_below
from tests.support.peers import IMPOSSIBLE, MATERIAL, SKIPPED

# On a busy machine a slow example says nothing of the code.
settings.register_profile("livefoley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("livefoley")

SHARING = ("ears", "train")
"""Folders whose tests stay on one worker."""


@pytest.fixture(scope="session", autouse=True)
def _made(tmp_path_factory: pytest.TempPathFactory) -> None:
    keep_below(tmp_path_factory)


@pytest.fixture(autouse=True)
def unconfigured_log() -> Iterator[None]:
    """A log that a test configures writes to that test's standard error: nothing of it is left to the next."""
    yield
    structlog.reset_defaults()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits longest, and say which tests belong on one worker.

    Live tests go wherever there is room: most of their time is waiting. Of the others, a file's tests stay together,
    and those of a folder that shares what takes longer to make than to use: torch, the recogniser.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and item.get_closest_marker("live") is None:
            shares = item.path.parent.name in SHARING
            item.add_marker(pytest.mark.xdist_group(str(item.path.parent if shares else item.path)))
    items.sort(key=lambda item: (item.get_closest_marker("live") is None, item.path.parent.name not in SHARING))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured, what was skipped for want of what, and how to get it."""
    for report in terminalreporter.getreports("passed"):
        for figure in (value for name, value in report.user_properties if name == "figure"):
            terminalreporter.write_line(f"{figure}")
    reasons = [_reason(report) for report in terminalreporter.getreports("skipped")]
    wanted = Counter(each.removeprefix(SKIPPED).partition(":")[0] for each in reasons if each.startswith(SKIPPED))
    others = Counter(each.removeprefix(IMPOSSIBLE) for each in reasons if not each.startswith(SKIPPED))
    if reasons:
        terminalreporter.section("skipped")
    for what, count in wanted.most_common():
        terminalreporter.write_line(f"for want of {what}: {count}")
    for why, count in others.most_common():
        terminalreporter.write_line(f"not possible here, {why}: {count}")
    if wanted.keys() - {MATERIAL}:
        terminalreporter.write_line("`make peers` installs what is wanted, on Debian and Ubuntu, as root or by sudo.")
    if MATERIAL in wanted:
        terminalreporter.write_line("The shared material, recordings and footage, is no part of the repository.")


def _reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")
