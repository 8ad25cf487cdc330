"""Who reaches the API, as the configuration says it: a token, or this machine alone."""

from __future__ import annotations

import pytest

from livefoley.config import parse
from livefoley.core.errors import ConfigError
from tests.test_config import MINIMAL


@pytest.mark.parametrize(
    ("http", "line"),
    [
        ('{listen: "0.0.0.0:8080"}', "server.http.token is missing, and others reach the API (server.http.listen: 0"),
        ('{listen: "[::]:8080"}', "server.http.token is missing, and others reach the API (server.http.listen: [::]"),
        ('{trusted_proxies: ["10.0.0.5"]}', "others reach the API (server.http.trusted_proxies); set it ("),
        ("{protect_metrics: true}", "server.http.protect_metrics needs server.http.token"),
        ('{token: t, trusted_proxies: ["0.0.0.0/0"]}', "is everybody; name the proxies"),
        ('{token: t, trusted_proxies: ["10.0.0.5/8"]}', "server.http.trusted_proxies[0]"),
    ],
)
def test_an_api_that_others_reach_has_a_token_or_does_not_start(http: str, line: str) -> None:
    text = f"server: {{http: {http}}}\n" + MINIMAL
    with pytest.raises(ConfigError) as refused:
        parse(text)
    assert line in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_with_a_token_or_on_this_machine_it_starts() -> None:
    for http in (
        '{listen: "0.0.0.0:8080", token: t}',
        '{listen: "[::1]:8080"}',
        '{token: t, protect_metrics: true, trusted_proxies: ["10.0.0.5", "fd00::/8"]}',
    ):
        assert parse(f"server: {{http: {http}}}\n" + MINIMAL).rooms
