"""The two READMEs say the same, and what they say is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from livefoley.cli import app
from livefoley.config import load
from livefoley.control.api.events import from_json, to_json
from livefoley.foley.bank.catalogue import EFFECTS

ROOT = Path(__file__).parent.parent
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])


def _outline(text: str) -> list[str]:
    """Return the shape of a README: headings, tables and code, without the words."""
    shape = [re.match(r"#+ |\||```\w*|\d\. |- ", line.strip()) for line in text.splitlines()]
    return [found[0] for found in shape if found]


def _code(text: str) -> list[str]:
    """Return what stands in backticks, in order; a thing said twice counts once, and words for people are left out."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    said = {"Custom...", "自定义..."}
    return list(dict.fromkeys(re.sub(r"ROOM|房间名|DIR|目录", "X", span) for span in spans if span not in said))


def test_the_readmes_have_the_same_parts() -> None:
    assert _outline(ENGLISH) == _outline(CHINESE)


def test_the_readmes_name_the_same_commands_keys_and_messages() -> None:
    assert set(_code(ENGLISH)) == set(_code(CHINESE))


@BOTH
def test_every_link_leads_somewhere(text: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


@BOTH
def test_every_command_and_option_exists(text: str) -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    for name, rest in re.findall(r"`livefoley ([a-z]+)([^`]*)`", text):
        command = root.commands[name]
        parameters = getattr(command, "commands", {}).values() or [command]
        options = {
            option for part in parameters for param in part.params for option in (*param.opts, *param.secondary_opts)
        }
        assert set(re.findall(r"--?[a-z]+", rest)) <= options | {"--help"}, name
    assert set(re.findall(r"`livefoley bank ([a-z-]+)", text)) <= set(root.commands["bank"].commands)  # type: ignore[attr-defined]


@BOTH
def test_the_obs_fields_are_those_of_the_demo_room(text: str) -> None:
    config = load(ROOT / "pipelines" / "demo.yaml", env={})
    source = config.rooms["demo"].source.rtmp
    assert source is not None
    assert f"`rtmp://{config.server.rtmp.listen}/{source.app}`" in text
    assert f"| `{source.key.get_secret_value()}` |" in text
    assert f"http://{config.server.http.listen}/demo/hls/index.m3u8" in text
    assert "out/demo-live.mp4" in text
    assert str(config.rooms["demo"].sinks[1].path) == str(Path("out/demo-live.mp4"))


@BOTH
def test_the_messages_of_the_questions_are_those_of_the_program(text: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "livefoley").rglob("*.py"))
    quoted = re.findall(r"^\*\*`([^`]+)`\*\*", text, re.M)
    assert len(quoted) >= 5
    for message in quoted:
        pieces = re.split(r"\.\.\. ?|\S*[\d\[\]]\S*|rooms\.\S+|lookahead_s\?", message)
        longest = max((piece.strip() for piece in pieces), key=len)
        assert longest in sources, message


@BOTH
def test_the_event_shown_is_one_that_the_program_would_tell(text: str) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", text, re.S)
    assert json.loads(to_json(from_json(example))) == json.loads(example)


@BOTH
def test_the_effects_named_exist(text: str) -> None:
    assert set(re.findall(r'"effect": "(\w+)"', text)) <= set(EFFECTS)
