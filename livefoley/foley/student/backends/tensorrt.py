"""TensorRT: one adapter for ``tensorrt_rtx`` (RTX cards; compiles without any card) and ``tensorrt`` (data centres).

Both speak nearly the same: a builder, an ONNX parser, an optimisation profile for the dynamic axes, a runtime. They
differ in how a target is named (``set_compute_capability`` against "the card that is here"), in who captures CUDA
graphs, and in what is worth keeping: kernels compiled when first used, or timings taken while building.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from livefoley.core.errors import ModelError, OutputError
from livefoley.foley.student.backends.engines import EngineKey, EngineStore
from livefoley.foley.student.features import CONTROLS
from livefoley.foley.student.models import Model
from livefoley.foley.student.spec import StudentSpec
from livefoley.system.files import write_whole

LIBRARIES = ("tensorrt_rtx", "tensorrt")
TARGETS = ("sm75", "sm80", "sm86", "sm89", "sm120")
"""What ``tensorrt_rtx`` compiles for: T4, A100, A10G and RTX 30, L4 and RTX 40, RTX 50."""
HALF_ONLY = ("sm75",)
MOST_BATCH, USUAL_BATCH = 32, 8
_GIB = 2**30


def library(name: str | None = None) -> ModuleType:
    """Return ``tensorrt_rtx`` or ``tensorrt``, whichever is installed (or the named one). Raises ``ModelError``."""
    for each in (name,) if name else LIBRARIES:
        try:
            return importlib.import_module(each)
        except ImportError:
            continue
    raise ModelError("TensorRT is not installed; pip install 'livefoley[tensorrt]'")


def lengths(spec: StudentSpec) -> tuple[int, int, int]:
    """Return the least, the usual and the greatest number of tokens of a window."""
    return 2, spec.window_tokens, spec.window_tokens


def shapes(spec: StudentSpec, batch: int, tokens: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the graph's inputs."""
    return {
        "latents": (batch, tokens, spec.latent),
        "time": (batch,),
        "span": (batch,),
        "text": (batch, spec.text),
        "controls": (batch, tokens, CONTROLS),
        "past": (batch, tokens, spec.latent),
        "known": (batch, tokens),
    }


@dataclass(frozen=True, slots=True)
class Built:
    """An engine, and the timings taken for it (empty for ``tensorrt_rtx``, which takes none)."""

    engine: bytes
    timings: bytes = b""


def compile_engine(trt: ModuleType, model: Model, target: str, timings: bytes = b"") -> Built:
    """Compile the graph of ``model`` for ``target``: one of ``TARGETS``, or ``here`` for the card of this machine.

    Raises ``ModelError``: the parser's or the builder's first complaint, in one line.
    """
    if target in HALF_ONLY and model.spec.precision == "fp32":
        raise ModelError(f"{target} multiplies in half precision only; build the fp16 export of {model.spec.name}")
    log = _Log(trt)
    builder = trt.Builder(log.logger)
    typed = trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED  # precision is the graph's own, on both libraries
    network = builder.create_network(1 << int(typed))
    if not trt.OnnxParser(network, log.logger).parse(model.graph.read_bytes()):
        raise ModelError(f"{model.graph}: TensorRT cannot read it ({log.first()})")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, 2 * _GIB)
    _aim(trt, config, target)
    cache = None if compiles_when_run(trt) else _timing_cache(config, timings)
    profile = builder.create_optimization_profile()
    sizes = [shapes(model.spec, *size) for size in zip((1, USUAL_BATCH, MOST_BATCH), lengths(model.spec), strict=True)]
    for name in sizes[0]:
        profile.set_shape(name, *(size[name] for size in sizes))
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise ModelError(f"{model.spec.name}: TensorRT cannot build it for {target} ({log.first()})")
    return Built(bytes(engine), bytes(cache.serialize()) if cache is not None else b"")


def compiles_when_run(trt: ModuleType) -> bool:
    """Say whether kernels are compiled on the card when an engine first runs, as ``tensorrt_rtx`` does."""
    return hasattr(trt, "CudaGraphStrategy")


def _aim(trt: ModuleType, config: Any, target: str) -> None:
    """Name the card an engine is for. ``tensorrt`` always builds for the one that is here."""
    if not hasattr(config, "set_compute_capability"):
        if target != "here":
            raise ModelError(f"tensorrt builds for the card that is here; tensorrt_rtx builds for {target}")
        return
    name = "CURRENT" if target == "here" else target.upper()
    capability = getattr(trt.ComputeCapability, name, None)
    if capability is None:
        raise ModelError(f"there is no target {target!r}; known are {', '.join(TARGETS)} and here")
    config.num_compute_capabilities = 1
    if not config.set_compute_capability(capability, 0):
        raise ModelError(f"TensorRT does not build for {target} on this machine")


def _timing_cache(config: Any, timings: bytes) -> Any | None:
    cache = config.create_timing_cache(timings)
    return cache if config.set_timing_cache(cache, ignore_mismatch=False) else None


class _Log:
    """What the library complains of, kept instead of printed."""

    def __init__(self, trt: ModuleType) -> None:
        lines: list[str] = []

        base: Any = trt.ILogger

        class Logger(base):  # type: ignore[misc]
            def __init__(self) -> None:
                base.__init__(self)

            def log(self, severity: Any, message: str) -> None:
                if severity in (base.ERROR, base.INTERNAL_ERROR):
                    lines.append(message)

        self.logger = Logger()
        self._lines = lines

    def first(self) -> str:
        """Return the first complaint."""
        return self._lines[0].splitlines()[0][:200] if self._lines else "it does not say why"


def key_of(trt: ModuleType, model: Model, target: str) -> EngineKey:
    """Return the key of a model's engine; ``target`` names the card, never ``here``."""
    return EngineKey(model.spec.sha256, trt.__name__, trt.__version__, target)


def build(model: Model, target: str, store: EngineStore, trt: ModuleType | None = None) -> tuple[EngineKey, bool]:
    """Have an engine of ``model`` for ``target`` in ``store``; return its key, and whether it had to be built.

    Raises ``ModelError``.
    """
    trt = trt or library()
    key = key_of(trt, model, card_here().target(trt) if target == "here" else target)
    if store.load(key) is not None:
        return key, False
    timings = store.directory / f"{key.library}-{key.version}-{key.target}.timings"
    built = compile_engine(trt, model, target, timings.read_bytes() if timings.exists() else b"")
    try:
        store.save(key, built.engine)
        if built.timings:
            write_whole(timings, built.timings)
    except OutputError as error:
        raise ModelError(str(error)) from None
    return key, True


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU of this machine."""

    name: str
    capability: str  # "sm90"

    def target(self, trt: ModuleType) -> str:
        """Return what an engine for it is called: the kind of chip for RTX, the very card for ``tensorrt``."""
        return self.capability if trt.__name__ == "tensorrt_rtx" else f"{self.capability}-{self.name}"


def card_here() -> Card:
    """Return this machine's first GPU. Raises ``ModelError`` when there is none, or nothing to ask it with."""
    from livefoley.foley.student.backends.cuda import device_properties

    return Card(*device_properties())
