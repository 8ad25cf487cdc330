"""Whom a room tells, and who tells the room, over the network: its webhooks and its OBS, as configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Protocol

from livefoley import config as cfg
from livefoley.clips.model import ClipRequest
from livefoley.control.state import RoomChanges
from livefoley.core.notices import SceneNotice
from livefoley.core.snapshots import DeliverySnapshot
from livefoley.outbound.obs import ObsLink, ObsSettings, scene_changes
from livefoley.outbound.webhooks import Webhook
from livefoley.runtime.events.event_feed import EventFeed
from livefoley.wiring.mix import mix_controls

Patch = Callable[[RoomChanges], Awaitable[None]]
AskForClip = Callable[[ClipRequest], object]


class Delivery(Protocol):
    """A link to something outside, that runs beside the room."""

    async def run(self) -> None:
        """Keep it until cancelled; never raises."""
        ...

    def statistics(self) -> DeliverySnapshot:
        """Return a snapshot."""
        ...


def build_deliveries(name: str, room: cfg.Room, feed: EventFeed, patch: Patch, clip: AskForClip) -> list[Delivery]:
    """Return the room's links; ``patch`` changes the running room, ``clip`` asks for a clip of it."""
    deliveries: list[Delivery] = [_webhook(hook, feed) for hook in room.webhooks]
    if room.obs.url is not None:
        deliveries.append(_obs(name, room, feed, patch, clip))
    return deliveries


def _webhook(hook: cfg.Webhook, feed: EventFeed) -> Webhook:
    secret = hook.secret.get_secret_value() if hook.secret else None
    return Webhook(feed, hook.url.get_secret_value(), secret=secret, types=hook.types, timeout_s=hook.timeout_s)


def _obs(name: str, room: cfg.Room, feed: EventFeed, patch: Patch, clip: AskForClip) -> ObsLink:
    given = room.obs
    assert given.url is not None  # noqa: S101 - for the type checker
    act = given.on_highlight
    password = given.password.get_secret_value() if given.password else None
    settings = ObsSettings(given.url.get_secret_value(), password, act.chapter, act.source, act.show_s)
    scenes = {scene: wanted.model_dump(exclude_none=True) for scene, wanted in given.scenes.items()}
    own = {"describe": room.describe, **asdict(mix_controls(room))}

    async def on_scene(scene: str) -> None:
        changes = scene_changes(scenes, own, scene)
        describe = changes.pop("describe", None)
        await patch(RoomChanges(describe, changes))
        feed.publish(SceneNotice(scene, describe or ""))

    request = replay_request(name, room)
    return ObsLink(name, settings, feed, on_scene, partial(clip, request) if request is not None else None)


def replay_request(name: str, room: cfg.Room) -> ClipRequest | None:
    """Return the clip that a saved replay asks for, cut as the room's highlights are; None for none."""
    last_s, clips = room.obs.clip_on_replay_s, room.clips
    if last_s is None:
        return None
    return ClipRequest(name, last_s=last_s, exact=clips.exact, vertical=clips.vertical, kind="replay")
