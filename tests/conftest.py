"""What every test starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def unconfigured_log() -> Iterator[None]:
    """A log that a test configures writes to that test's standard error: nothing of it is left to the next."""
    yield
    structlog.reset_defaults()
