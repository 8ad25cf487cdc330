"""RTMP URLs: what goes where, and that errors show no key."""

from __future__ import annotations

import pytest

from livefoley.core.errors import ConfigError
from livefoley.media.rtmp.protocol.url import RtmpUrl


def test_the_last_segment_is_the_key_and_the_query_goes_with_it() -> None:
    url = RtmpUrl.parse("rtmp://push.example.com/third/region/stream-1?expire=1&sign=ab%2Fc")
    assert (url.host, url.port, url.tls, url.app) == ("push.example.com", 1935, False, "third/region")
    assert url.key == "stream-1?expire=1&sign=ab%2Fc"
    assert url.tc_url == "rtmp://push.example.com/third/region"


def test_rtmps_has_its_own_port() -> None:
    url = RtmpUrl.parse("rtmps://live.example.com/app/key")
    assert (url.port, url.tls) == (443, True)
    assert RtmpUrl.parse("rtmps://[::1]:1936/app/key").tc_url == "rtmps://[::1]:1936/app"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/live/secret",
        "rtmp:///live/secret",
        "rtmp://example.com/secret",
        "rtmp://example.com/live/",
        "rtmp://example.com:port/live/secret",
        "rtmp://[broken/live/secret",
        "rtmp://example.com/live/secret" + "x" * 1024,
    ],
)
def test_a_bad_url_is_a_config_error_without_the_key(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RtmpUrl.parse(url)
    assert "secret" not in str(caught.value)


def test_nothing_printed_shows_the_key() -> None:
    url = RtmpUrl.parse("rtmp://user:word@example.com/live/secret?token=hidden")
    assert not [part for part in ("secret", "hidden", "word") if part in repr(url) + url.label + url.tc_url]
