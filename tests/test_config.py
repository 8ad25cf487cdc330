"""The configuration: what it reads, what it refuses and in which words, and what it never shows."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.config import Address, Config, load, masked, parse
from livefoley.config.values import parse_address
from livefoley.core.errors import ConfigError
from livefoley.engine.hold import OnDrop
from livefoley.media.publisher_slot import OnDuplicate

MINIMAL = """\
rooms:
  demo:
    source: {rtmp: {key: planted-stream-key}}
    sinks: [{rtmp: "rtmp://127.0.0.1:19350/live/planted-sink-key"}, {hls: out/demo}, {file: out/demo.mp4}]
"""


def room(extra: str = "", *, source: str = "{rtmp: {key: k}}", sinks: str = "[{hls: out/demo}]") -> str:
    return f"rooms:\n  demo:\n    source: {source}\n    sinks: {sinks}\n    {extra}\n"


def problems(text: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "live.yaml", env=env)
    assert caught.value.exit_code == 2
    return str(caught.value).splitlines()


# ---- what it reads ----


def test_a_room_needs_a_source_and_sinks_and_has_defaults_for_the_rest() -> None:
    demo = parse(MINIMAL).rooms["demo"]
    assert demo.source.kind == "rtmp"
    assert [sink.kind for sink in demo.sinks] == ["rtmp", "hls", "file"]
    assert demo.sinks[2].path == Path("out/demo.mp4")
    assert (demo.lookahead_s, demo.foley.bed.gain_db, demo.foley.actions.gain_db) == (1.5, -24, -12)
    assert (demo.foley.accents.gain_db, demo.foley.duck_db, demo.foley.ceiling_dbtp) == (-9, 8, -1)
    assert demo.on_drop is OnDrop.FREEZE
    assert demo.source.rtmp is not None
    assert demo.source.rtmp.on_duplicate is OnDuplicate.REPLACE
    assert demo.stem_sinks == ()


def test_the_servers_listen_on_this_machine_alone_by_default() -> None:
    server = parse(MINIMAL).server
    assert server.rtmp.listen == Address("127.0.0.1", 1935)
    assert server.http.listen == Address("127.0.0.1", 8080)
    assert server.http.listen.is_loopback
    assert not server.rtmp.tls.enabled


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('{url: "rtsp://camera.local/stream"}', "url"),
        ('{url: "https://example.com/live/x.m3u8"}', "url"),
        ("{file: clip.mp4, loop: true}", "file"),
        ('{srt: {url: "srt://0.0.0.0:9000?mode=listener"}}', "srt"),
        ("{rtmp: {key: k, app: studio, on_duplicate: reject}}", "rtmp"),
    ],
)
def test_every_kind_of_source_is_read(source: str, kind: str) -> None:
    assert parse(room(source=source)).rooms["demo"].source.kind == kind


def test_a_stem_is_written_beside_files_and_hls() -> None:
    sinks = '[{file: out/a.mp4}, {hls: out/b}, {rtmp: "rtmp://h/live/k"}]'
    stems = parse(room("stem: true", sinks=sinks)).rooms["demo"].stem_sinks
    assert [stem.path for stem in stems] == [Path("out/a.stem.m4a"), Path("out/b-stem")]


def test_the_configuration_cannot_be_changed_afterwards() -> None:
    config = parse(MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        config.rooms["demo"].lookahead_s = 3


def test_top_level_keys_with_x_hold_anchors() -> None:
    text = "x-base: &base {source: {rtmp: {key: k}}, sinks: [{hls: out/a}]}\nrooms:\n  a: {<<: *base, seed: 3}\n"
    assert parse(text).rooms["a"].seed == 3


# ---- the environment ----


def test_environment_variables_lie_over_the_file() -> None:
    env = {
        "LIVEFOLEY_SERVER__HTTP__LISTEN": "0.0.0.0:9000",
        "LIVEFOLEY_SERVER__HTTP__TOKEN": "a-token",
        "LIVEFOLEY_ROOMS__demo__LOOKAHEAD_S": "2",
        "LIVEFOLEY_ROOMS__DEMO__FOLEY__BED__ENABLED": "false",
        "LIVEFOLEY_ROOMS__demo__SINKS__0__RTMP": "rtmps://example.com/app/other-key",
        "LIVEFOLEY_ROOMS__demo__SEED": "",
        "LIVEFOLEY_REQUIRE_PEERS": "1",
        "PATH": "/bin",
    }
    config = parse(MINIMAL, env=env)
    demo = config.rooms["demo"]
    assert config.server.http.listen == Address("0.0.0.0", 9000)
    assert (demo.lookahead_s, demo.foley.bed.enabled, demo.seed) == (2.0, False, 0)
    assert demo.sinks[0].rtmp is not None
    assert demo.sinks[0].rtmp.get_secret_value() == "rtmps://example.com/app/other-key"
    assert demo.sinks[1].path == Path("out/demo")


def test_a_section_in_the_environment_is_json_and_dashes_of_rooms_are_underscores() -> None:
    text = MINIMAL.replace("demo:", "my-room:")
    config = parse(text, env={"LIVEFOLEY_ROOMS__MY_ROOM__SINKS": '[{"hls": "out/x"}]'})
    assert [sink.kind for sink in config.rooms["my-room"].sinks] == ["hls"]


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("LIVEFOLEY_SERVR__HTTP__LISTEN", "x", "unknown section servr, did you mean server?"),
        ("LIVEFOLEY_ROOMS__DEMOO__SEED", "1", "no room demoo, did you mean demo?"),
        ("LIVEFOLEY_ROOMS__DEMO__LOOKAHED_S", "1", "unknown key rooms.demo.lookahed_s, did you mean lookahead_s?"),
        ("LIVEFOLEY_ROOMS__DEMO__LOOKAHEAD_S", "99", "rooms.demo.lookahead_s: 99 is too large, at most 10.0"),
        ("LIVEFOLEY_ROOMS__DEMO__SINKS__7__HLS", "x", "rooms.demo.sinks has 3 entries, counted from 0; no 7"),
        ("LIVEFOLEY_ROOMS__DEMO__SINKS", "out", "rooms.demo.sinks: must be a list, like [a, b]"),
        (
            "LIVEFOLEY_SERVER__HTTP__LISTEN",
            "80",
            'server.http.listen: must be "host:port" with a port up to 65535, like "127.0.0.1:1935"',
        ),
        ("LIVEFOLEY_ROOMS__DEMO__SINKS", "[{", "not JSON; lists and sections are written as JSON"),
    ],
)
def test_a_variable_that_is_wrong_is_named(variable: str, value: str, line: str) -> None:
    assert problems(MINIMAL, **{variable: value}) == [f"environment {variable}: {line}"]


def test_load_reads_the_process_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "live.yaml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    monkeypatch.setenv("LIVEFOLEY_ROOMS__DEMO__SEED", "5")
    assert load(path).rooms["demo"].seed == 5
    assert load(path, env={}).rooms["demo"].seed == 0


# ---- what it refuses ----


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (room("lookahed_s: 1"), "live.yaml:5: unknown key rooms.demo.lookahed_s, did you mean lookahead_s?"),
        (room("lookahead_s: 20"), "live.yaml:5: rooms.demo.lookahead_s: 20 is too large, at most 10.0"),
        (room("lookahead_s: .nan"), "live.yaml:5: rooms.demo.lookahead_s: nan must be a finite number"),
        (room("lookahead_s: fast"), "live.yaml:5: rooms.demo.lookahead_s: fast must be a number, like 1.5"),
        (room("stem: maybe"), "live.yaml:5: rooms.demo.stem: maybe must be true or false"),
        (room("on_drop: stop"), "live.yaml:5: rooms.demo.on_drop: stop must be one of freeze, slate, audio"),
        (room("foley: -9"), "live.yaml:5: rooms.demo.foley: -9 must be a section of its own, with keys below it"),
        (room("seed: 1\n    seed: 2"), "live.yaml:6: rooms.demo.seed is given twice (first: live.yaml:5); remove one"),
        (room("slate: card.gif"), "live.yaml:5: rooms.demo.slate: must be a picture, one of .png"),
        (room("describe: " + "雨" * 1001), "live.yaml:5: rooms.demo.describe: is too long, at most 1000 characters"),
        (room(sinks=f"[{', '.join(['{hls: a}'] * 17)}]"), "live.yaml:4: rooms.demo.sinks: is too long, at most 16"),
        (room(sinks="[{hls: a, file: b.mp4}]"), "live.yaml:4: rooms.demo.sinks[0]: needs exactly one of rtmp, hls"),
        (room(sinks="[{hls: a}, {hls: b}]"), "live.yaml:2: rooms.demo: a room has one hls sink at most"),
        (room(sinks="[{file: a.txt}]"), "live.yaml:4: rooms.demo.sinks[0].file: must end in one of .mp4"),
        (room(sinks='[{rtmp: "http://h/a/b"}]'), "live.yaml:4: rooms.demo.sinks[0].rtmp: must be a URL that"),
        (room(sinks='[{rtmp: "rtmp://h/app"}]'), "live.yaml:4: rooms.demo.sinks[0].rtmp: is not complete, server, app"),
        (room(sinks='[{srt: "srt://h"}]'), "live.yaml:4: rooms.demo.sinks[0].srt: is not complete, host and port"),
        (room(sinks='[{rtmp: {server: "rtmp://h/app"}}]'), "live.yaml:4: rooms.demo.sinks[0].rtmp.key is missing"),
        (room(sinks='[{rtmp: {serve: "rtmp://h/app", key: k}}]'), "live.yaml:4: rooms.demo.sinks[0].rtmp.server is"),
        (room(sinks='[{rtmp: {server: "rtmp://h", key: k}}]'), "live.yaml:4: rooms.demo.sinks[0].rtmp: is not comp"),
        (room(source="{rtmp: {key: a/b}}"), "live.yaml:3: rooms.demo.source.rtmp.key: a stream key may hold no slash"),
        (room(source="{}"), "live.yaml:3: rooms.demo.source: needs exactly one of rtmp, whip, url, file, srt; found"),
        (room(source="{loop: true, rtmp: {key: k}}"), "live.yaml:3: rooms.demo.source: loop: true goes with file"),
        (room(source="{url: clip.mp4}"), "live.yaml:3: rooms.demo.source.url: must be a URL that begins with rtmp://"),
        (room("stem: true", sinks='[{rtmp: "rtmp://h/a/b"}]'), "live.yaml:2: rooms.demo: stem: true needs a file"),
        (room("obs: {clip_on_replay_s: 9}"), "live.yaml:2: rooms.demo: obs.clip_on_replay_s needs clips.enabled: true"),
        (room() + "render: {enabled: true, memory_mb: 2000}", "live.yaml:6: render: memory_mb: 2000 is too little for"),
        (room() + "render: {memory_mb: 899}", "live.yaml:6: render.memory_mb: 899 is too small"),
        ("rooms:\n  Demo: {}\n", "live.yaml:2: rooms.Demo: a room's name has 1 to 63 characters of a-z"),
        ("rooms:\n  v1: {}\n", 'live.yaml:2: rooms.v1: "v1" is a path of the HTTP port and cannot be a room'),
        ("rooms:\n  1: {}\n", "live.yaml:2: key rooms.1 must be text; put it in quotes"),
        ("rooms: {}\n", "live.yaml:1: rooms: is too short, at least 1 entries"),
        ("server: {}\n", "live.yaml: rooms is missing; for example rooms:"),
        ("rooms:\n  a: {}\n", "live.yaml:2: rooms.a.source is missing; for example source: {rtmp: {key:"),
        ("", "live.yaml: no configuration in it"),
        ("rooms:\n\tdemo: 1\n", "live.yaml:2:1: found character '\\t' that cannot start any token; indent with spaces"),
        ("rooms: [a", "live.yaml:1:10: "),
        ("a: b: c", "live.yaml:1:5: mapping values are not allowed here; put text that holds a colon in quotes"),
        ('rooms: !!python/object/apply:os.system ["true"]', "live.yaml:1:8: could not determine a constructor"),
        ("rooms: &a\n  demo: *a\n", "live.yaml: cannot be read as YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_line_key_and_remedy(text: str, line: str) -> None:
    found = problems(text)
    assert any(problem.startswith(line) for problem in found), found


def test_several_mistakes_are_told_together_in_the_order_of_the_file() -> None:
    text = room("lookahead_s: 0.1\n    sed: 1\n    audio: {bitrate_kbps: 1000}")
    assert [line.split(": ", 1)[0] for line in problems(text)] == ["live.yaml:5", "live.yaml:6", "live.yaml:7"]


@pytest.mark.parametrize(
    "address", ["1935", "127.0.0.1", "127.0.0.1:99999", ":1935", "::1:1935", "a b:1", "x:-1", 8080]
)
def test_an_address_that_is_none_is_refused(address: object) -> None:
    with pytest.raises(ValueError, match=r"host|port|brackets"):
        parse_address(address)


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:1935", Address("127.0.0.1", 1935), True),
        ("0.0.0.0:0", Address("0.0.0.0", 0), False),
        ("[::1]:80", Address("::1", 80), True),
        ("localhost:80", Address("localhost", 80), True),
        ("live.example.com:443", Address("live.example.com", 443), False),
    ],
)
def test_an_address_is_read_and_written_back(text: str, address: Address, loopback: bool) -> None:
    assert parse_address(text) == address
    assert str(address) == text
    assert address.is_loopback is loopback


def test_keys_outputs_and_ports_cannot_be_shared() -> None:
    text = """\
server: {rtmp: {listen: "127.0.0.1:8080"}}
rooms:
  a:
    source: {rtmp: {key: same}}
    sinks: [{file: out/x.mp4}]
  b:
    source: {rtmp: {key: same}}
    sinks: [{file: out/../out/x.mp4}]
"""
    assert problems(text) == [
        "live.yaml:1: server.http.listen 127.0.0.1:8080 is taken by server.rtmp.listen; choose another port",
        "live.yaml:7: rooms.b.source.rtmp.key is the key of room a too; each needs its own",
        "live.yaml:8: rooms.b.sinks[0].file goes where rooms.a.sinks[0].file goes; each output needs its own place",
    ]


def test_a_room_that_publishes_into_itself_is_refused() -> None:
    text = room(source="{rtmp: {key: k}}", sinks='[{rtmp: "rtmp://localhost/live/k"}]')
    assert problems(text) == [
        "live.yaml:4: rooms.demo.sinks[0].rtmp goes back into the room's own input, round and round"
    ]


def test_a_certificate_without_its_key_is_refused() -> None:
    (line,) = problems("server: {http: {tls: {cert: a.pem}}}\n" + MINIMAL)
    assert line == "live.yaml:1: server.http.tls: cert is given without key; TLS needs both"


def test_files_to_be_read_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "live.yaml"
    path.write_text(
        room(f"slate: {tmp_path.as_posix()}/card.png", source="{file: nowhere.mp4}") + "bank: {library: none}"
    )
    with pytest.raises(ConfigError) as caught:
        load(path, env={})
    library, clip, slate = str(caught.value).splitlines()
    assert library.startswith(f"{path}:6: bank.library names a directory that is not there; `livefoley bank add DIR")
    assert slate.startswith(f"{path}:5: rooms.demo.slate names a file that is not there")
    assert clip.startswith(f"{path}:3: rooms.demo.source.file names a file that is not there")


def test_a_configuration_that_is_no_text_file_is_one_line(tmp_path: Path) -> None:
    binary = tmp_path / "live.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "none.yaml", binary):
        with pytest.raises(ConfigError) as caught:
            load(path, env={})
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


# ---- what it never shows ----


SECRETS = """\
server:
  http: {token: planted-token}
  rtmp: {auth_hook: {url: "https://user:planted-password@example.com/planted-path", secret: planted-secret}}
rooms:
  demo:
    source: {rtmp: {key: planted-stream-key}}
    sinks: [{rtmp: "rtmp://h/live/planted-sink-key"}, {srt: "srt://h:9000?passphrase=planted-passphrase"},
            {rtmp: {server: "rtmp://planted:planted@h/planted?a=planted", key: planted, user: u, password: planted}}]
  cam:
    source: {url: "rtsp://user:planted-password@camera.local/planted-path"}
    sinks: [{hls: out/cam}]
"""


def test_no_secret_is_printed_or_shown() -> None:
    config = parse(SECRETS)
    for text in (masked(config), repr(config), str(config), config.model_dump_json()):
        assert "planted" not in text
    shown = yaml.safe_load(masked(config))
    assert shown["rooms"]["demo"]["sinks"][0] == {"rtmp": "rtmp://h/***"}
    assert shown["rooms"]["cam"]["source"]["url"] == "rtsp://camera.local/***"
    assert shown["rooms"]["demo"]["lookahead_s"] == 1.5


@pytest.mark.parametrize(
    "text",
    [
        room(source="{rtmp: {key: 'planted secret'}}"),
        room(source="{rtmp: {key: [planted]}}"),
        room(source='{url: "ftp://planted:planted@h/planted"}'),
        room(sinks='[{rtmp: "rtmp://h/planted"}]'),
        room(sinks='[{rtmp: "rtmp://h/live/planted key"}]'),
        room(sinks='[{srt: "rtmp://h/planted"}]'),
        room(sinks='[{rtmp: {server: "rtmp://h", key: planted}}]'),
        room(sinks='[{rtmp: {server: "http://planted:planted@h/planted", key: planted, password: planted}}]'),
        room(sinks='[{rtmp: {server: "rtmp://h/app", key: [planted], passwort: planted}}]'),
        "server: {http: {token: [planted]}}\n" + MINIMAL,
    ],
)
def test_no_secret_is_in_an_error(text: str) -> None:
    assert not [line for line in problems(text) if "planted" in line]


def test_a_number_for_a_key_is_not_echoed() -> None:
    (line,) = problems(room(source="{rtmp: {key: 123456789}}"))
    assert line == "live.yaml:3: rooms.demo.source.rtmp.key: must be text; put it in quotes"


# ---- whatever is typed ----


def read_or_refused(text: str, env: dict[str, str] | None = None) -> bool:
    try:
        return isinstance(parse(text, env=env), Config)
    except ConfigError as error:
        return bool(str(error))


_yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["server", "rooms", "demo", "source", "rtmp", "key", "sinks", "hls", "x"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_yaml_values)
def test_any_tree_is_read_or_refused_with_lines(tree: object) -> None:
    assert read_or_refused(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_refused_with_lines(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abc019-_", min_size=1, max_size=10), st.text(max_size=10))
def test_any_variable_is_taken_or_refused(key: str, value: str) -> None:
    assert read_or_refused(MINIMAL, {f"LIVEFOLEY_ROOMS__DEMO__{key}": value, "LIVEFOLEY_SERVER__HTTP": value})
