"""The little of CUDA that running an engine takes: a stream, buffers on both sides, graphs. By ``cuda-bindings``."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from livefoley.core.errors import ModelError
from livefoley.foley.student.features import Floats


def _runtime() -> Any:
    try:
        from cuda.bindings import runtime
    except ImportError:
        raise ModelError("CUDA's bindings are not installed; pip install 'livefoley[tensorrt]'") from None
    return runtime


def call(name: str, *arguments: Any) -> Any:
    """Call ``cudaNAME`` and return what it gives. Raises ``ModelError`` with CUDA's own word for what went wrong."""
    runtime = _runtime()
    status, *found = getattr(runtime, f"cuda{name}")(*arguments)
    if int(status) != 0:
        raise ModelError(f"CUDA: {name} failed ({status.name.removeprefix('cudaError')})")
    return found[0] if found else None


def device_properties() -> tuple[str, str]:
    """Return the name of this machine's first GPU and its compute capability, like ``sm90``. Raises ``ModelError``."""
    try:
        call("GetDeviceCount")
    except ModelError as error:
        raise ModelError(f"there is no card to run on, or no driver for it; {error}") from None
    found = call("GetDeviceProperties", 0)
    name = found.name.decode() if isinstance(found.name, bytes) else str(found.name)
    return name.strip("\0 ").replace(" ", "_"), f"sm{found.major}{found.minor}"


class Buffer:
    """One input or output: memory on the device, and pinned memory here that copies to it without waiting."""

    def __init__(self, floats: int) -> None:
        self._bytes = 4 * floats
        self.device = int(call("Malloc", self._bytes))
        self._host = int(call("MallocHost", self._bytes))
        self._floats = np.ctypeslib.as_array((ctypes.c_float * floats).from_address(self._host))

    def put(self, values: Floats, stream: Any) -> None:
        """Copy ``values`` to the device."""
        self._floats[: values.size] = np.ascontiguousarray(values, np.float32).ravel()
        call("MemcpyAsync", self.device, self._host, 4 * values.size, _runtime().cudaMemcpyKind(1), stream)

    def fetch(self, floats: int, stream: Any) -> None:
        """Begin to copy ``floats`` values from the device."""
        call("MemcpyAsync", self._host, self.device, 4 * floats, _runtime().cudaMemcpyKind(2), stream)

    def values(self, shape: tuple[int, ...]) -> Floats:
        """Return what was fetched, once the stream is through."""
        return self._floats[: int(np.prod(shape))].reshape(shape).copy()


class Graph:
    """Work that was captured once and is launched as one."""

    def __init__(self, stream: Any, work: Any) -> None:
        """Capture what ``work()`` puts on ``stream``."""
        runtime = _runtime()
        call("StreamBeginCapture", stream, runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal)
        try:
            work()
        finally:
            captured = call("StreamEndCapture", stream)
        self._launched = call("GraphInstantiate", captured, 0)
        call("GraphDestroy", captured)

    def launch(self, stream: Any) -> None:
        """Run it on ``stream``."""
        call("GraphLaunch", self._launched, stream)

    def close(self) -> None:
        """Forget it."""
        call("GraphExecDestroy", self._launched)
