"""Says what pydantic found, one line a problem: where, which key, what is wrong, what would be right."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from typing import Any, Union

from pydantic import BaseModel, Secret, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from livefoley.config.document import Document, KeyPath, dotted, nearest

_SHOWN = 60  # characters of a wrong value


def explain(error: ValidationError, document: Document, root: type[BaseModel]) -> list[str]:
    """Return a line for every problem, in the order of the file."""
    lines = [_line(details, document, root) for details in error.errors(include_url=False)]
    return sorted(dict.fromkeys(lines), key=_file_order)


def _file_order(line: str) -> tuple[int, str]:
    number = re.search(r":(\d+): ", line)
    return (int(number[1]), "") if number else (-1, line)


def _line(details: ErrorDetails, document: Document, root: type[BaseModel]) -> str:
    path: KeyPath = tuple(key for key in details["loc"] if not str(key).startswith("["))  # [key], and forms of a value
    place = document.place(path)
    if details["type"] == "extra_forbidden":
        return f"{place}: unknown key {dotted(path)}{nearest(str(path[-1]), known_keys(root, path[:-1]))}"
    if details["type"] == "missing":
        return f"{place}: {dotted(path)} is missing{_example(path)}"
    return f"{place}: {dotted(path) or 'the configuration'}: {_wrong(details, root, path)}"


def _example(path: KeyPath) -> str:
    examples = {
        "rooms": "rooms: {demo: {...}}, see `livefoley init demo`",
        "source": 'source: {rtmp: {key: "..."}}',
        "sinks": "sinks: [{hls: out/demo}]",
    }
    example = examples.get(str(path[-1]))
    return f"; for example {example}" if example else ""


# ---- what is wrong with a value ----


def _limit(relation: str, key: str) -> Callable[[dict[str, Any]], str]:
    return lambda context: f"{relation} {context[key]}"


_WRONG: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than_equal": _limit("is too small, at least", "ge"),
    "less_than_equal": _limit("is too large, at most", "le"),
    "string_type": lambda _: "must be text; put it in quotes",
    "path_type": lambda _: "must be a path; put it in quotes",
    "float_type": lambda _: "must be a number, like 1.5",
    "float_parsing": lambda _: "must be a number, like 1.5",
    "finite_number": lambda _: "must be a finite number",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "enum": lambda context: f"must be one of {context['expected']}".replace("'", "").replace(" or ", ", "),
    "model_type": lambda _: "must be a section of its own, with keys below it",
    "model_attributes_type": lambda _: "must be a section of its own, with keys below it",
    "dict_type": lambda _: "must be a section of its own, with keys below it",
    "tuple_type": lambda _: "must be a list, like [a, b]",
    "value_error": lambda context: str(context["error"]),
    "string_pattern_mismatch": lambda _: "may hold letters, digits, - and _ only",
}


def _wrong(details: ErrorDetails, root: type[BaseModel], path: KeyPath) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in ("string_too_long", "too_long"):
        return f"is too long, at most {context['max_length']} {_units(kind)}"
    if kind in ("string_too_short", "too_short"):
        return f"is too short, at least {context['min_length']} {_units(kind)}"
    say = _WRONG.get(kind)
    wrong = say(context) if say else details["msg"].lower()
    return f"{_shown(details, root, path)}{wrong}"


def _units(kind: str) -> str:
    return "characters" if kind.startswith("string") else "entries"


def _shown(details: ErrorDetails, root: type[BaseModel], path: KeyPath) -> str:
    """Return the wrong value when it is short and cannot be a secret."""
    value = details["input"]
    if details["type"] == "value_error" or not isinstance(value, str | int | float) or _is_secret(root, path):
        return ""
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return f"{text} " if len(text) <= _SHOWN and text.isprintable() and text else ""


# ---- the shape of the models ----


def known_keys(root: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that may stand at ``path``."""
    at = type_at(root, path, section=True)
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def _is_secret(root: type[BaseModel], path: KeyPath) -> bool:
    at = type_at(root, path)
    return not isinstance(at, type) or issubclass(at, Secret | SecretStr)


def type_at(root: type[BaseModel], path: KeyPath, *, section: bool = False) -> Any:
    """Return the type at ``path``: a model, a plain type, or None where the models know of nothing.

    Where a value may be text or a section, it is the text's, or with ``section`` the section's.
    """
    annotation: Any = root
    for key in path:
        at = _bare(annotation, section=True)
        if _is_model(at):
            field = at.model_fields.get(str(key))
            annotation = field.annotation if field else None
        else:
            arguments = typing.get_args(at)
            annotation = arguments[0 if isinstance(key, int) else -1] if arguments else None
    return _bare(annotation, section)


def _is_model(at: Any) -> bool:
    return isinstance(at, type) and issubclass(at, BaseModel)


def _bare(annotation: Any, section: bool) -> Any:
    """Take ``Annotated`` and ``| None`` off; of several forms choose the first, or with ``section`` the model."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            parts = [part for part in typing.get_args(annotation) if part is not type(None)]
            models = [part for part in parts if _is_model(_bare(part, section))]
            annotation = models[0] if section and models else parts[0]
        else:
            return annotation
