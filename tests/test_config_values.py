"""Single values of the configuration: modes of files, places, hosts and ports, and how others are refused."""

from __future__ import annotations

import pytest

from livefoley.config import parse
from tests.test_config import MINIMAL, problems, room


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ("{umask: 077}", 'three octal digits in quotes, like "077"'),
        ('{umask: "0999"}', "three octal digits"),
        ('{umask: "277"}', "must leave its owner everything"),
        ('{served: "444"}', "must let its owner read and write"),
        ('{served: "755"}', "nobody execute"),
    ],
)
def test_modes_of_files_are_octal_digits_that_leave_the_owner_its_files(files: str, words: str) -> None:
    (line,) = problems(f"server: {{files: {files}}}\n{MINIMAL}")
    assert words in line


@pytest.mark.parametrize(
    "place", ["s3://planted-key@/", "s3://", "s3:///x", "s3://Bucket", "s3:/bucket", "gs://b/x", "s3://a:planted@b/x"]
)
@pytest.mark.parametrize("key", ["publish_to", "backup_to"])
def test_clips_go_to_a_directory_or_a_bucket_and_nothing_else_is_taken_for_one_nor_shown(place: str, key: str) -> None:
    (line,) = problems(f'clips: {{{key}: "{place}"}}\n{MINIMAL}')
    assert f"clips.{key}: " in line
    assert "is no place for clips" in line or "is no part of a place in S3" in line
    assert "planted" not in line


@pytest.mark.parametrize(
    "sink",
    ["rtmp: rtmp://planted%40h/app/key", "rtmp: rtmp://h:0/app/key", "rtmp: rtmp://a..b/app/key", "srt: 'srt://h:0'"],
)
def test_a_url_names_a_host_and_a_port_that_can_be(sink: str) -> None:
    (line,) = problems(room(sinks=f"[{{{sink}}}]"))
    assert "has no host name or no port that can be" in line
    assert "planted" not in line


@pytest.mark.parametrize("url", ["stun:h:99999", "stun:h:0", "stun:-:1", "stun:a..b"])
def test_a_stun_server_has_a_host_and_a_port(url: str) -> None:
    assert "must be like" in problems(f'server: {{webrtc: {{ice_servers: ["{url}"]}}}}\n{MINIMAL}')[0]


@pytest.mark.parametrize("host", ["edge1", "cam1.local", "h_x", "127.0.0.1", "[::1]"])
def test_hosts_may_end_in_a_digit(host: str) -> None:
    assert parse(room(sinks=f'[{{rtmp: "rtmp://{host}:1935/app/key"}}]')).rooms["demo"].sinks
