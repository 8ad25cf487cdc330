"""``livefoley clip`` and ``livefoley clips``: a running sidecar's clips, from a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from rich.table import Table

from livefoley.core.errors import InputError
from livefoley.media.urls import safe_url

TIMEOUT_S = 10.0
POLL_S = 0.3
OVER = ("ready", "quarantined", "failed")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sidecar's API is, and which room of it is meant (None: all)."""

    base: str
    room: str | None


def place(url: str) -> Place:
    """Return what ``http://HOST:PORT`` or ``http://HOST:PORT/ROOM`` means; raises ``InputError`` for others."""
    parts = urlsplit(url)
    names = [name for name in parts.path.split("/") if name]
    if parts.scheme not in ("http", "https") or not parts.netloc or len(names) > 1:
        raise InputError(f"{safe_url(url)} is no room; give its URL, like http://127.0.0.1:8080/demo")
    return Place(f"{parts.scheme}://{parts.netloc}", names[0] if names else None)


class ClipClient:
    """Asks a sidecar; raises ``InputError`` with what it says when it says no."""

    def __init__(self, where: Place, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=where.base, headers=headers, timeout=TIMEOUT_S, trust_env=False)

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for a clip; return where it stands."""
        found: dict[str, Any] = self._ask("POST", "/v1/clips", json=body)
        return found

    def wait(self, clip: str, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Wait until a clip is over; ``tell`` gets where it stands on the way."""
        while (status := self._ask("GET", f"/v1/clips/{clip}"))["state"] not in OVER:
            tell(status)
            time.sleep(POLL_S)
        return dict(status)

    def list(self, room: str | None, state: str | None, limit: int) -> list[dict[str, Any]]:
        """Return the last clips, the newest first."""
        given = {"room": room, "state": state, "limit": limit}
        found = self._ask("GET", "/v1/clips", params={key: value for key, value in given.items() if value is not None})
        return list(found)

    def release(self, clip: str) -> dict[str, Any]:
        """Publish a clip that is in quarantine."""
        return dict(self._ask("POST", f"/v1/clips/{clip}/release"))

    def delete(self, clip: str) -> None:
        """Delete a clip."""
        self._ask("DELETE", f"/v1/clips/{clip}")

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        try:
            answer = self._http.request(method, path, **given)
            document = answer.json() if answer.content else None
        except (httpx.HTTPError, ValueError):
            where = safe_url(str(self._http.base_url))
            raise InputError(
                f"{where}: no livefoley answers there; is it running, and is this its HTTP port?"
            ) from None
        if answer.status_code == 401:
            raise InputError("the token is wrong or missing; give it in LIVEFOLEY_TOKEN")
        if answer.is_error:
            detail = document.get("detail") if isinstance(document, dict) else None
            raise InputError(str(detail or f"the server says no (status {answer.status_code})"))
        return document


def table(clips: list[dict[str, Any]]) -> Table:
    """Return clips as a table for people."""
    made = Table(box=None, pad_edge=False)
    for heading in ("clip", "state", "from", "to", "what", "where, or why not"):
        made.add_column(heading, overflow="fold", no_wrap=heading == "clip")  # --release wants it whole
    for clip in clips:
        made.add_row(*(str(cell).replace("[", "\\[") for cell in _row(clip)))
    return made


def _row(clip: dict[str, Any]) -> tuple[str, ...]:
    span = ("" if clip[name] is None else f"{clip[name]:.1f}" for name in ("start_s", "end_s"))
    return clip["id"], clip["state"], *span, clip["title"] or clip["kind"], clip["location"] or why(clip)


def why(clip: dict[str, Any]) -> str:
    """Return why a clip is not published, as far as there is a reason."""
    found = [finding["reason"] for finding in clip["findings"] if finding["blocks"]]
    return "; ".join([*([clip["error"]] if clip["error"] else []), *found])
