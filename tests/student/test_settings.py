"""The configuration's student: what it takes, what it refuses, and rooms that run without."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley import config as cfg
from livefoley.commands.render import render_settings
from livefoley.config import parse
from livefoley.core.cues import ActionPrompts, ambience_of
from livefoley.core.errors import ConfigError
from livefoley.foley.chain import Fit, Offer, Refusal
from livefoley.foley.description import lexicon
from livefoley.foley.offers import procedural_offer, student_offer
from livefoley.wiring.rooms import planner_settings
from livefoley.wiring.sounds import make_student

from .tiny import write_model

ROOM = "rooms: {a: {source: {rtmp: {key: k}}, sinks: [], DESCRIBE}}"


def room(describe: str) -> cfg.Room:
    return parse(ROOM.replace("DESCRIBE", f"describe: '{describe}'")).rooms["a"]


def test_the_student_is_on_where_it_can_be_unless_told_otherwise() -> None:
    given = parse(ROOM.replace(", DESCRIBE", ""))
    assert given.student == cfg.Student(enabled="auto", model="nano", device="auto", threads=2, steps=None)
    assert given.rooms["a"].foley.student is cfg.StudentUse.AUTO
    assert parse("student: {enabled: false, steps: 4}\n" + ROOM.replace(", DESCRIBE", "")).student.enabled is False


@pytest.mark.parametrize("line", ["enabled: perhaps", "device: gpu", "threads: 0", "steps: 1000", "model: ''"])
def test_what_is_no_setting_of_a_student_is_refused_with_its_key(line: str) -> None:
    with pytest.raises(ConfigError, match=f"student.{line.split(':')[0]}"):
        parse(f"student:\n  {line}\n" + ROOM.replace(", DESCRIBE", ""))


def test_without_weights_or_with_damaged_ones_rooms_run_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path)
    assert make_student(cfg.Student(model=str(model))) is not None
    assert make_student(cfg.Student(model=str(model), enabled=False)) is None
    model.with_suffix(".onnx").write_bytes(b"other")
    for damaged in (str(model), str(tmp_path / "none.json")):
        assert make_student(cfg.Student(model=damaged)) is None
    told = capsys.readouterr().out
    assert told.count("no student") == 2


def test_only_places_that_procedures_do_not_know_are_left_to_the_student() -> None:
    bed = ambience_of("a", "the rim of a volcano", 0)
    assert fit(procedural_offer(bed)) < fit(student_offer(bed))
    for known in ("", "雨夜的街道", "the rim of a volcano in rain"):
        assert fit(procedural_offer(ambience_of("a", known, 0))) is Fit.EXACT


@pytest.mark.parametrize("words", ["a velociraptor breathing", "plastic bottles set down on a table", "zzyzx", "你好"])
def test_what_is_no_place_makes_no_ambience_of_the_students(words: str) -> None:
    assert isinstance(student_offer(ambience_of("a", words, 0)), Refusal)


def test_the_student_hears_of_the_place_alone() -> None:
    assert lexicon.place_words("a volcano at night, bottles are set down. no rain") == "a volcano at night"
    assert lexicon.place_words("水族馆，玻璃杯") == "水族馆"


def fit(offer: Offer | Refusal) -> Fit:
    assert isinstance(offer, Offer)
    return offer.fit


def test_a_room_learns_from_its_microphone_unless_it_is_told_not_to() -> None:
    assert planner_settings(room("rain")).learn
    off = parse(ROOM.replace("DESCRIBE", "microphone: {learn: false}")).rooms["a"]
    assert not planner_settings(off).learn


def test_an_action_nobody_knows_makes_nothing() -> None:
    assert planner_settings(room("zzyzx, 呜呜祖拉")).prompts.impacts == (lexicon.NEUTRAL_IMPACT,)
    assert planner_settings(room("a church")).prompts.impacts == (lexicon.NEUTRAL_IMPACT,)
    assert planner_settings(room("the dog")).prompts.impacts == ("a dog barks",)
    assert planner_settings(room("footsteps on gravel")).prompts.impacts == ("FEETHmn_Gravel",)
    assert planner_settings(room("rain")).prompts.impacts == (lexicon.NEUTRAL_IMPACT,)
    assert planner_settings(room("")).prompts == ActionPrompts((lexicon.NEUTRAL_IMPACT,), (lexicon.NEUTRAL_SWEEP,))


def test_what_is_asked_for_is_one_policy_for_rooms_and_files() -> None:
    own = parse(ROOM.replace("DESCRIBE", "describe: a velociraptor, actions: {sound: WOODImpt_Knock}")).rooms["a"]
    assert planner_settings(own).prompts.impacts == ("WOODImpt_Knock",)
    for words in ("a velociraptor stomping", "切菜", "rain", ""):
        asked = lexicon.action_prompts(words)
        assert planner_settings(room(words)).prompts == asked
        assert render_settings(words, seed=0, stem=False).plan.prompts == asked
