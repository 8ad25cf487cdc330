"""Rooms to begin with, and what a start says of itself and of what the machine lacks."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from livefoley.config import load, parse
from livefoley.config.addresses import entrances
from livefoley.config.pipelines import pipelines
from livefoley.wiring.preflight import lacks
from tests.support.ports import free_port
from tests.test_cli import livefoley, one_error

ROOM = "rooms: {cam: {source: {rtmp: {key: secret-key}}, sinks: [], %s}}\n"


def test_init_writes_a_room_that_loads_and_replaces_nothing(tmp_path: Path) -> None:
    assert "livefoley run shop.yaml" in livefoley("init", "shop", place=tmp_path).stdout
    assert load(tmp_path / "shop.yaml", env={}).rooms["shop"].listen.enabled
    assert "exists already" in one_error(livefoley("init", "shop", place=tmp_path))
    assert "did you mean shop?" in one_error(livefoley("init", "shp", place=tmp_path))
    listed = json.loads(livefoley("init", "--list", "--json", place=tmp_path).stdout)
    assert set(listed["pipelines"]) == set(pipelines())


def test_a_start_says_what_to_enter_and_which_page_to_open() -> None:
    config = parse(ROOM % "")
    said = "\n".join(entrances(config))
    assert "Server rtmp://127.0.0.1:1935/live, Stream Key ******" in said
    assert "watch http://127.0.0.1:8080/cam" in said
    assert "secret-key" not in said
    assert "Stream Key secret-key" in "\n".join(entrances(config, show_keys=True))
    open_port = "server: {http: {listen: '0.0.0.0:8080', token: t, allowed_hosts: [live.example.com]}}\n"
    assert "watch http://live.example.com:8080/cam" in "\n".join(entrances(parse(open_port + ROOM % "")))


def found(text: str) -> dict[str, str]:
    ports = f"server: {{rtmp: {{listen: '127.0.0.1:{free_port()}'}}, http: {{listen: '127.0.0.1:{free_port()}'}}}}\n"
    return {lack.key: lack.what for lack in lacks(parse(ports + text)) if not lack.key.startswith(("ears", "student"))}


def test_check_names_unknown_effects_and_kinds_with_the_nearest() -> None:
    text = ROOM % "actions: {sound: NOPE_nope}, highlights: {accents: {sale: MECHMisc_CashRegistr, crowd: applause}}"
    told = found(text)
    assert "no effect NOPE_nope" in told["rooms.cam.actions.sound"]
    assert "did you mean MECHMisc_CashRegister?" in told["rooms.cam.highlights.accents.sale"]
    assert len([key for key in told if key.startswith("rooms.cam.")]) == 2
    kinds = found(ROOM % "highlights: {accents: {victry: applause}}")
    assert "did you mean victory?" in kinds["rooms.cam.highlights.accents"]


def test_check_names_a_port_that_is_taken_and_a_broker_that_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        text = f"server: {{rtmp: {{listen: '127.0.0.1:{port}'}}, http: {{listen: '127.0.0.1:{free_port()}'}}}}\n"
        (lack,) = [lack for lack in lacks(parse(text + ROOM % "")) if lack.key == "server.rtmp.listen"]
    assert f"127.0.0.1:{port} cannot be had now" in lack.what
    assert not lack.stops
    told = found(f"jobs: {{broker: 'redis://:planted@127.0.0.1:{free_port()}/0'}}\n" + ROOM % "")
    assert "does not answer" in told["jobs.broker"]
    assert "planted" not in str(told)


def test_check_lists_what_stops_a_start_first_and_exits_2(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no certificate")
    tls = (
        "server: {rtmp: {listen: '127.0.0.1:0'}, http: {listen: '127.0.0.1:0', tls: {cert: cert.pem, key: key.pem}}}\n"
    )
    (tmp_path / "live.yaml").write_text(tls + ROOM % "actions: {sound: NOPE_nope}")
    done = livefoley("run", "live.yaml", "--check", place=tmp_path)
    lines = [line for line in done.stderr.splitlines() if line]
    assert done.returncode == 2
    assert lines[0].startswith("stops: server.http.tls: cert.pem: the certificate and its key cannot be used")
    assert any(line.startswith("wrong: rooms.cam.actions.sound") for line in lines[1:])


def test_check_refuses_what_does_not_exist_and_warns_of_words_it_does_not_understand(tmp_path: Path) -> None:
    ports = "server: {rtmp: {listen: '127.0.0.1:0'}, http: {listen: '127.0.0.1:0'}}\n"
    for given, code, said in (
        ("actions: {sound: NOPE_nope}", 2, "wrong: rooms.cam.actions.sound: there is no effect NOPE_nope"),
        ("describe: '雨夜, zzyzx'", 0, "missing: rooms.cam.describe: not understood, and makes no sound: zzyzx"),
    ):
        (tmp_path / "live.yaml").write_text(ports + ROOM % given, encoding="utf-8")
        done = livefoley("run", "live.yaml", "--check", place=tmp_path)
        assert done.returncode == code
        assert said in done.stderr


def test_explain_says_what_a_description_leads_to(tmp_path: Path) -> None:
    text = "雨夜, glass bottles set down on a table. applause, zzyzx"
    told = json.loads(livefoley("explain", text, "--json", place=tmp_path).stdout)
    assert [(part["text"], part["sound"], part["by"]) for part in told["place"]] == [("雨夜", "rain", "procedural")]
    assert [(part["family"], part["sound"]) for part in told["actions"]] == [
        ("glass", "FOODGware_Bottle"),
        ("wood", "WOODImpt_Hit"),
    ]
    assert [part["sound"] for part in told["accents"]] == ["CRWDApls_Applause"]
    assert told["unknown"] == ["zzyzx"]
    lines = livefoley("explain", text, place=tmp_path).stdout.splitlines()
    assert len(lines) == 6
    assert lines[-1].split(maxsplit=1) == ["zzyzx", "not understood"]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_without_the_signs_gets_others(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    livefoley("init", "shop", place=tmp_path)
    for arguments in (("render", "--help"), ("run", "shop.yaml", "--check"), ("bank", "list", "--json")):
        done = livefoley(*arguments, place=tmp_path)
        assert "Traceback" not in done.stderr, arguments
        assert done.returncode == 0, arguments


def test_piped_tables_are_not_wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    effects = json.loads(livefoley("bank", "list", "--json", place=tmp_path).stdout)["effects"]
    listed = livefoley("bank", "list", place=tmp_path).stdout.splitlines()
    assert len(listed) == 1 + len(effects)
    assert [line.split()[0] for line in listed[1:]] == [effect["name"] for effect in effects]
    checks = json.loads(livefoley("doctor", "--json", place=tmp_path).stdout)["checks"]
    assert {"what", "verdict", "detail", "remedy"} == set(checks[0])


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "no effect fits" in one_error(livefoley("bank", "list", "nosuchthing", place=tmp_path))
    said = one_error(livefoley("events", f"http://127.0.0.1:{free_port()}/cam", place=tmp_path))
    assert "nothing listens there" in said
    assert "--install-completion" in livefoley("--help", place=tmp_path).stdout
