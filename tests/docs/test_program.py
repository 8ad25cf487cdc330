"""What the manuals tell a person to type, and what they say the program answers, is so."""

from __future__ import annotations

import re
from typing import Any

import typer
import yaml
from typer.core import TyperGroup

from livefoley.cli import app as cli
from livefoley.control.api.events import from_json, to_json
from livefoley.foley.bank.catalogue import EFFECTS
from tests.docs.pages import EVERY, FOLDERS, MANUALS, PROJECT, ROOT, SOURCE, TESTS, Page, code_lines
from tests.docs.pages import page as read

SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "livefoley").rglob("*.js"))
ROOT_COMMAND = typer.main.get_command(cli)


def _command(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that ``words`` call, and what follows; raises ``KeyError``."""
    command = ROOT_COMMAND
    while isinstance(command, TyperGroup) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _options(command: Any) -> set[str]:
    parts = command.commands.values() if isinstance(command, TyperGroup) else [command]
    return {name for part in parts for param in part.params for name in (*param.opts, *param.secondary_opts)}


@EVERY
def test_every_command_and_option_exists(page: Page) -> None:
    for line in code_lines(page):
        called = re.match(r"(?:\.venv/bin/|python -m )?livefoley ([a-z].*)", line)
        if called is None:
            continue
        command, rest = _command(re.sub(r"\"[^\"]*\"|'[^']*'", "X", called[1]).split())
        given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert given <= _options(command) | {"--help"}, line


@EVERY
def test_options_that_stand_alone_are_some_commands(page: Page) -> None:
    """In a table of commands an option may stand beside the command it belongs to."""
    there = {name for each in ROOT_COMMAND.commands.values() for name in _options(each)}
    others = ("--profile", "--no-deps", "--dist", "--help")
    for span in page.spans:
        name = span.split()[0].partition("=")[0]
        assert not name.startswith("--") or name in there or name in others, span


@EVERY
def test_every_make_target_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {line.split()[1] for line in code_lines(page) if re.match(r"make [a-z]", line)} <= targets


@EVERY
def test_every_extra_exists(page: Page) -> None:
    named = {extra for found in re.findall(r"livefoley\[([a-z0-9,]+)\]", page.text) for extra in found.split(",")}
    assert named <= set(PROJECT["project"]["optional-dependencies"])


@FOLDERS
def test_every_command_is_in_its_table(folder: str) -> None:
    commands = {name for name, each in ROOT_COMMAND.commands.items() if not each.hidden}
    assert commands <= set(re.findall(r"`livefoley ([a-z]+)", read(f"{folder}/commands.md").text))


@MANUALS
def test_the_messages_of_the_questions_are_those_of_the_program(page: Page) -> None:
    quoted = re.findall(r"^\*\*`([^`]+)`\*\*[：:]", page.text, re.M)
    assert len(quoted) >= 5 or page.path.name != "operations.md"
    for message in quoted:
        pieces = re.split(r"\.\.\. ?|\S*[\d\[\]]\S*|rooms\.\S+|lookahead_s\?", message)
        assert max((piece.strip() for piece in pieces), key=len) in SOURCE, message


@MANUALS
def test_the_events_shown_are_such_as_the_program_would_tell(page: Page) -> None:
    for language, text in page.blocks:
        if language == "json":
            assert yaml.safe_load(to_json(from_json(text))) == yaml.safe_load(text)


@EVERY
def test_the_effects_named_exist(page: Page) -> None:
    named = set(re.findall(r"\b[A-Z]{4}[A-Za-z]*[a-z]_[A-Z][A-Za-z]+\b", page.text))
    assert named <= set(EFFECTS)


@EVERY
def test_names_with_underscores_occur_in_the_program(page: Page) -> None:
    for span in page.spans:
        if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", span) and not span.startswith("livefoley_"):
            assert re.search(rf"\b{span}\b", SOURCE + SCRIPTS + TESTS), span
