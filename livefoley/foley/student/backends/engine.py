"""Runs a compiled engine on the card of this machine, with CUDA graphs: one launch for a whole evaluation."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from livefoley.core.errors import ModelError, OutputError
from livefoley.foley.student.backends import cuda
from livefoley.foley.student.backends.engines import EngineKey, EngineStore
from livefoley.foley.student.backends.tensorrt import (
    MOST_BATCH,
    Card,
    build,
    card_here,
    compiles_when_run,
    key_of,
    lengths,
    library,
    shapes,
)
from livefoley.foley.student.features import COLUMNS, FRAMES_PER_TOKEN, Floats
from livefoley.foley.student.models import Model
from livefoley.foley.student.spec import INPUTS
from livefoley.system.files import write_whole

KEPT_GRAPHS = 8


class TensorRtBackend:
    """An engine at work, built first where there is none for this card, and anew where it does not load."""

    def __init__(self, model: Model, store: EngineStore | None = None) -> None:
        """Raises ``ModelError`` where there is no card, no TensorRT, or no engine can be built."""
        trt, store = library(), store or EngineStore()
        card = card_here()
        self.name = f"{trt.__name__} {card.capability}"
        self._spec = model.spec
        self._trt = trt
        self._store = store
        self._key = key_of(trt, model, card.target(trt))
        self._engine = self._loaded(model, card)
        self._stream = cuda.call("StreamCreate")
        self._context, self._kernels = _context(trt, self._engine, store, self._key)
        most = shapes(model.spec, MOST_BATCH, lengths(model.spec)[2]) | self._out(MOST_BATCH, lengths(model.spec)[2])
        self._buffers = {name: cuda.Buffer(int(np.prod(shape))) for name, shape in most.items()}
        for name, buffer in self._buffers.items():
            self._context.set_tensor_address(name, buffer.device)
        self._graphs: OrderedDict[tuple[int, int], cuda.Graph] = OrderedDict()
        self._shape: tuple[int, int] | None = None
        self._new_shape = False

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return ``estimate`` and ``mel``; a batch beyond the engine's is made in parts."""
        batch, tokens, _ = feeds["latents"].shape
        if batch > MOST_BATCH:
            parts = [
                self.run({name: value[at : at + MOST_BATCH] for name, value in feeds.items()})
                for at in range(0, batch, MOST_BATCH)
            ]
            return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for name in INPUTS:
            self._buffers[name].put(feeds[name], self._stream)
        self._evaluate(batch, tokens)
        out = self._out(batch, tokens)
        for name, shape in out.items():
            self._buffers[name].fetch(int(np.prod(shape)), self._stream)
        cuda.call("StreamSynchronize", self._stream)
        if self._new_shape:
            self._keep_kernels()
        return {name: self._buffers[name].values(shape) for name, shape in out.items()}

    def _keep_kernels(self) -> None:
        """Store what was compiled for a new shape: the next start finds it done."""
        self._new_shape = False
        if self._kernels is not None:
            with contextlib.suppress(OutputError):
                write_whole(self._store.beside(self._key, ".kernels"), bytes(self._kernels.serialize()), parents=True)

    def _out(self, batch: int, tokens: int) -> dict[str, tuple[int, ...]]:
        return {
            "estimate": (batch, tokens, self._spec.latent),
            "mel": (batch, tokens * FRAMES_PER_TOKEN, COLUMNS),
        }

    def _evaluate(self, batch: int, tokens: int) -> None:
        if self._shape != (batch, tokens):
            for name, shape in shapes(self._spec, batch, tokens).items():
                self._context.set_input_shape(name, shape)
            self._shape, self._new_shape = (batch, tokens), True
        if self._kernels is not None:  # tensorrt_rtx captures by itself
            self._execute()
            return
        graph = self._graphs.get((batch, tokens))
        if graph is None:
            self._execute()  # the first run allocates, which must not be captured
            graph = self._graphs[batch, tokens] = cuda.Graph(self._stream, self._execute)
            if len(self._graphs) > KEPT_GRAPHS:
                self._graphs.popitem(last=False)[1].close()
        self._graphs.move_to_end((batch, tokens))
        graph.launch(self._stream)

    def _execute(self) -> None:
        if not self._context.execute_async_v3(int(self._stream)):
            raise ModelError("TensorRT could not run the engine")

    def _loaded(self, model: Model, card: Card) -> Any:
        """Return the engine of ``model`` for ``card``; one that this library will not have is built once more."""
        runtime = self._trt.Runtime(self._trt.Logger(self._trt.Logger.ERROR))
        for _ in range(2):
            build(model, "here", self._store, self._trt)
            content = self._store.load(self._key)
            engine = runtime.deserialize_cuda_engine(content) if content is not None else None
            if engine is not None:
                self._runtime = runtime  # it must outlive the engine
                return engine
            self._store.beside(self._key, ".engine").unlink(missing_ok=True)
        raise ModelError(f"TensorRT built an engine for {card.name} and cannot load it")


def _context(trt: ModuleType, engine: Any, store: EngineStore, key: EngineKey) -> tuple[Any, Any | None]:
    """Return an execution context and, of ``tensorrt_rtx``, the cache of the kernels it compiles when first needed."""
    if not compiles_when_run(trt):
        return engine.create_execution_context(), None
    config = engine.create_runtime_config()
    config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    kernels = config.create_runtime_cache()
    with contextlib.suppress(OutputError):
        kernels.deserialize(store.beside(key, ".kernels").read_bytes())
    config.set_runtime_cache(kernels)
    return engine.create_execution_context(config), kernels
