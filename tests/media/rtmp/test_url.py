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


@pytest.mark.parametrize(
    ("url", "app", "key"),  # what FFmpeg asks a server for
    [
        (
            "rtmp://h/live-bvc/?streamname=live_1&key=0af&schedule=rtmp",
            "live-bvc",
            "?streamname=live_1&key=0af&schedule=rtmp",
        ),
        ("rtmp://h/live/a#b", "live", "a#b"),
        ("rtmp://h/live/100%25off?x=%2B", "live", "100%25off?x=%2B"),
        ("rtmp://h/live/my?policy=x&signature=y/z", "live", "my?policy=x&signature=y/z"),
        ("rtmp://h/live?vhost=example.com/key", "live?vhost=example.com", "key"),
        ("rtmp://h/app/instance/folder/name", "app/instance", "folder/name"),
        ("rtmp://h/vod/mp4:folder/name", "vod", "mp4:folder/name"),
    ],
)
def test_app_and_key_are_told_apart_as_encoders_do(url: str, app: str, key: str) -> None:
    read = RtmpUrl.parse(url)
    assert (read.app, read.key, read.tc_url) == (app, key, f"rtmp://h/{app}")


def test_user_and_password_are_kept_and_not_sent_in_the_address() -> None:
    url = RtmpUrl.parse("rtmp://somebody:p@ss:word@example.com:1936/live/key")
    assert (url.host, url.port, url.user, url.password) == ("example.com", 1936, "somebody", "p@ss:word")
    assert url.tc_url == "rtmp://example.com:1936/live"


def test_server_and_key_are_two_fields_of_any_characters() -> None:
    url = RtmpUrl.join("rtmp://h/a/b/c/ ", " x/y z?t=#1 ", "u", "p/w")
    assert (url.app, url.key, url.user, url.password) == ("a/b/c", "x/y z?t=#1", "u", "p/w")
    assert RtmpUrl.join("rtmp://h/live-bvc/", "?streamname=s&key=k").key == "?streamname=s&key=k"
    for server, key in (("rtmp://h/", "secret"), ("rtmp://h/live", " "), ("http://h/live", "secret")):
        with pytest.raises(ConfigError) as caught:
            RtmpUrl.join(server, key)
        assert "secret" not in str(caught.value)


def test_messages_name_server_and_app() -> None:
    assert RtmpUrl.parse("rtmp://h/live?token=hidden/secret").where == "h:1935, app live"
    assert RtmpUrl.parse("rtmps://[::1]/a/b/secret").where == "[::1]:443, app a/b"


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
        "rtmp://user:1#secret@example.com/live/key",
        "rtmp://example.com?secret",
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
