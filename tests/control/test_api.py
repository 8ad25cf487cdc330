"""Probes, metrics and the API, asked over a real socket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from livefoley.control.state import CueRequest
from livefoley.core.snapshots import WorkerSnapshot
from tests.control.studio import STAGE, Studio, served

LABELS = {"room", "kind", "outcome", "state", "quantile", "worker", "sink", "reason", "source", "version", "port"}


async def test_livez_asks_nothing_of_the_application() -> None:
    studio = Studio()
    studio.broken, studio.reasons = True, ["everything is down"]
    async with served(studio) as client:
        answer = await client.get("/livez")
        assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_readyz_gives_the_reasons_when_it_is_not() -> None:
    studio = Studio()
    async with served(studio) as client:
        assert (await client.get("/readyz")).status_code == 200
        studio.reasons = ["RTMP port is not bound", "bank is being rendered"]
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.text.splitlines() == studio.reasons


async def test_healthz_says_what_is_degraded_and_stays_200() -> None:
    studio = Studio()
    async with served(studio) as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        studio.snapshots["stage"] = replace(
            STAGE, foley_bypassed=True, bypass_reason="worker restarts", workers=(WorkerSnapshot("foley", alive=False),)
        )
        answer = await client.get("/healthz")
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        troubles = answer.json()["rooms"]["stage"]["troubles"]
        assert troubles == ["worker foley is down", "foley is bypassed: worker restarts"]
        studio.snapshots["stage"] = replace(STAGE, unwritten=("subtitles cannot be written (No space left on device)",))
        told = (await client.get("/healthz")).json()
        assert told["status"] == "degraded"
        assert told["rooms"]["stage"]["troubles"] == list(studio.snapshots["stage"].unwritten)
        studio.snapshots["stage"], studio.troubled = STAGE, ["renders: job.json: cannot be written"]
        told = (await client.get("/healthz")).json()
        assert (told["status"], told["troubles"]) == ("degraded", studio.troubled)


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
async def test_metrics_are_read_when_asked_for_and_name_no_address(accept: str) -> None:
    studio = Studio()
    async with served(studio) as client:
        text = (await client.get("/metrics", headers={"Accept": accept})).text
        assert 'livefoley_room_units_in_total{room="stage"} 1000.0' in text
        assert 'livefoley_room_limiter_gain_db{room="stage"} -3.5' in text
        assert 'livefoley_room_held_back_seconds_total{room="stage"} 0.25' in text
        assert 'livefoley_room_cues_total{kind="action",outcome="laid",room="stage"} 7.0' in text
        assert 'livefoley_source_connects_total{room="stage",source="rtmp"} 2.0' in text
        assert 'livefoley_source_problem{room="stage",source="rtmp"} 1.0' in text
        assert "Sorenson" not in text
        assert 'livefoley_sink_connected{room="stage",sink="0-rtmp"} 1.0' in text
        assert 'livefoley_worker_restarts_total{room="stage",worker="foley"} 1.0' in text
        assert 'livefoley_room_state{room="lobby",state="waiting"} 1.0' in text
        assert 'livefoley_rtmp_rejected_total{reason="key"} 4.0' in text
        for figure in ("waits_total 7", "gave_way_total 2", "cut_total 4", "exhausted_total 1", "connections 3"):
            name, value = figure.split()
            assert f'livefoley_port_{name}{{port="rtmp"}} {value}.0' in text
        assert 'livefoley_port_connections{port="http"} 9.0' in text
        assert "livefoley_log_lines_dropped_total 5.0" in text
        assert "rtmp://" not in text
        studio.snapshots["stage"] = replace(STAGE, units_in=2000)
        assert 'units_in_total{room="stage"} 2000.0' in (await client.get("/metrics")).text


async def test_every_metric_is_ours_has_a_help_text_and_few_labels() -> None:
    async with served(Studio()) as client:
        families = list(text_string_to_metric_families((await client.get("/metrics")).text))
    ours = [family for family in families if not family.name.startswith("process_")]
    assert len(ours) > 30
    for family in ours:
        assert family.name.startswith("livefoley_")
        assert family.documentation.endswith(".")
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= LABELS


async def test_rooms_are_listed_and_shown() -> None:
    async with served(Studio()) as client:
        rooms = (await client.get("/v1/rooms")).json()
        assert [room["name"] for room in rooms] == ["stage", "lobby"]
        stage = (await client.get("/v1/rooms/stage")).json()
        assert stage == rooms[0]
        assert stage["cue_latency_s"]["p95"] == 0.05
        assert stage["controls"]["describe"] == "雨夜的街道"
        assert stage["sinks"][0]["connected"] is True
        assert stage["source"]["problem"] == "Sorenson is not carried"


async def test_a_room_is_changed_while_it_runs_and_only_where_asked() -> None:
    async with served(Studio()) as client:
        answer = await client.patch("/v1/rooms/stage", json={"describe": "a forest", "bed_gain_db": -18})
        assert answer.status_code == 200
        controls = answer.json()["controls"]
        assert (controls["describe"], controls["bed_gain_db"], controls["action_gain_db"]) == ("a forest", -18, -12)
        controls = (await client.patch("/v1/rooms/stage", json={"mute": True})).json()["controls"]
        assert (controls["mute"], controls["describe"]) == (True, "a forest")
        assert (await client.patch("/v1/rooms/stage", json={})).status_code == 200


async def test_a_cue_is_taken() -> None:
    studio = Studio()
    async with served(studio) as client:
        answer = await client.post("/v1/rooms/stage/cues", json={"effect": "BELLMisc_Ding", "delay_s": 1})
        assert (answer.status_code, answer.json()) == (202, {"id": 1})
        await client.post("/v1/rooms/stage/cues", json={"prompt": "掌声", "gain_db": -3})
    assert studio.cues == [
        ("stage", CueRequest(effect="BELLMisc_Ding", delay_s=1)),
        ("stage", CueRequest(prompt="掌声", gain_db=-3)),
    ]


MISTAKES: tuple[tuple[str, str, object, int, str], ...] = (
    ("GET", "/v1/rooms/none", None, 404, "there is no such room"),
    ("PATCH", "/v1/rooms/none", {}, 404, "there is no such room"),
    ("POST", "/v1/rooms/none/cues", {"prompt": "x"}, 404, "there is no such room"),
    ("GET", "/nothing", None, 404, "Not Found"),
    ("DELETE", "/v1/rooms", None, 405, "Method Not Allowed"),
    ("PATCH", "/v1/rooms/stage", {"bed_gain": 1}, 422, "bed_gain: unknown key"),
    ("PATCH", "/v1/rooms/stage", {"bed_gain_db": 99}, 422, "bed_gain_db: Input should be less than"),
    ("PATCH", "/v1/rooms/stage", {"describe": "x" * 1001}, 422, "describe: String should have at most 1000"),
    ("PATCH", "/v1/rooms/stage", [], 422, "body: "),
    ("POST", "/v1/rooms/stage/cues", {}, 422, "give either effect or prompt"),
    ("POST", "/v1/rooms/stage/cues", {"effect": "A_B", "prompt": "x"}, 422, "give either effect or prompt"),
    ("POST", "/v1/rooms/stage/cues", {"effect": "NOPE_Nothing"}, 422, "there is no effect NOPE_Nothing"),
    ("POST", "/v1/rooms/lobby/cues", {"prompt": "x"}, 409, "room lobby has no stream yet"),
    ("POST", "/v1/rooms/none/thumbs", {"event": 7, "thumb": "up"}, 404, "there is no such room"),
    ("POST", "/v1/rooms/stage/thumbs", {"event": 8, "thumb": "up"}, 409, "event 8 is none of the last 256 actions"),
    ("POST", "/v1/rooms/stage/thumbs", {"event": 7, "thumb": "left"}, 422, "thumb: "),
    ("POST", "/v1/rooms/stage/thumbs", {"event": -1, "thumb": "up"}, 422, "event: "),
)


async def test_a_thumb_is_about_an_event_and_says_of_which_family() -> None:
    async with served(Studio()) as client:
        answers = [
            await client.post("/v1/rooms/stage/thumbs", json={"event": 7, "thumb": thumb}) for thumb in ("up", "down")
        ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (202, {"family": "glass"}),
        (202, {"family": ""}),
    ]


async def test_a_mistake_is_a_problem_document() -> None:
    async with served(Studio()) as client:
        for method, path, body, status, detail in MISTAKES:
            answer = await client.request(method, path, json=body)
            problem = answer.json()
            assert (answer.status_code, problem["status"]) == (status, status), (method, path, body)
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["title"]
            assert detail in problem["detail"]


async def test_a_body_that_is_no_json_is_a_problem_document() -> None:
    async with served(Studio()) as client:
        for content in (b"{", b"\xff\xfe", b"", b'{"bed_gain_db": NaN}', b"[" * 30_000):
            headers = {"Content-Type": "application/json"}
            answer = await client.patch("/v1/rooms/stage", content=content, headers=headers)
            assert answer.status_code in (400, 422), content[:20]
            assert answer.headers["content-type"] == "application/problem+json"


async def test_what_breaks_inside_is_500_without_a_traceback() -> None:
    studio = Studio()
    studio.broken = True
    async with served(studio) as client:
        for path in ("/v1/rooms", "/metrics", "/healthz"):
            answer = await client.get(path)
            assert answer.status_code == 500
            assert answer.headers["content-type"] == "application/problem+json"
            assert "planted" not in answer.text
            assert "Traceback" not in answer.text


async def test_a_body_without_its_type_is_told_what_to_send() -> None:
    async with served(Studio()) as client:
        answer = await client.post("/v1/rooms/stage/cues", content=b'{"prompt": "applause"}')
        assert answer.status_code == 422
        assert answer.json()["detail"] == "body: send a JSON object, with Content-Type: application/json"


async def test_the_api_describes_itself() -> None:
    async with served(Studio()) as client:
        document = (await client.get("/v1/openapi.json")).json()
        assert {"/v1/rooms", "/v1/rooms/{room}", "/v1/rooms/{room}/cues", "/livez"} <= set(document["paths"])
        assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        assert {"token": []} in document["paths"]["/v1/rooms"]["get"]["security"]
        assert "security" not in document["paths"]["/livez"]["get"]
        assert (await client.get("/docs")).status_code == 404


async def test_a_description_is_explained_before_a_room_is_told_it() -> None:
    async with served(Studio()) as client:
        told = (await client.get("/v1/explain", params={"text": "海鲜市场，有人切菜"})).json()
        assert [part["sound"] for part in told["place"]] == ["crowd + street", "kitchen"]
        assert [(part["sound"], part["by"], part["lasting"]) for part in told["actions"]] == [
            ("FOODKware_Chop", "bank", "")
        ]
        posted = await client.post("/v1/explain", json={"text": "rain jackets, zzyzx"})
        assert (posted.json()["place"], posted.json()["unknown"]) == ([], ["zzyzx"])
        for body in ({}, {"text": "x" * 1001}, {"text": "rain", "more": 1}):
            assert (await client.post("/v1/explain", json=body)).status_code == 422
