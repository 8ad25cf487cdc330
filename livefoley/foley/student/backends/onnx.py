"""One port to whatever runs the network's graph, and its first adapter: ONNX Runtime on a CPU or by CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort

from livefoley.core.errors import ModelError
from livefoley.foley.student.features import Floats
from livefoley.foley.student.spec import INPUTS, OUTPUTS

DEVICES = ("auto", "cpu", "cuda", "tensorrt")
MOST_THREADS = 64


class Backend(Protocol):
    """Runs the graph of ``spec``."""

    name: str
    """What runs it and where: ``onnx cpu``, ``onnx cuda``, ``tensorrt_rtx sm86``."""

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return the outputs by name for the inputs by name. Raises ``ModelError`` when it cannot."""
        ...


class OnnxBackend:
    """ONNX Runtime. Bounded threads that sleep while they wait: the stream needs the processor more."""

    def __init__(self, graph: Path | bytes, device: str = "auto", threads: int = 2) -> None:
        """Load ``graph`` (a file or its content) on ``device``: ``cpu``, ``cuda``, or ``auto`` for the better one.

        Raises ``ModelError`` when it is no such graph, or when the device is not there.
        """
        self._session = _session(graph, _providers(device), min(max(1, threads), MOST_THREADS))
        inputs = tuple(port.name for port in self._session.get_inputs())
        outputs = {port.name for port in self._session.get_outputs()}
        if set(inputs) != set(INPUTS) or not outputs.issuperset(OUTPUTS):
            raise ModelError(f"the graph has the inputs {', '.join(inputs)}; a student has {', '.join(INPUTS)}")
        where = "cuda" if self._session.get_providers()[0].startswith("CUDA") else "cpu"
        self.name = f"onnx {where}"

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return ``estimate`` and ``mel``; shapes as in ``spec``."""
        try:
            found = self._session.run(list(OUTPUTS), {name: feeds[name] for name in INPUTS})
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            raise ModelError(f"the model failed ({_line(error)})") from error
        return {name: np.asarray(value, np.float32) for name, value in zip(OUTPUTS, found, strict=True)}


def _providers(device: str) -> list[str]:
    cuda = "CUDAExecutionProvider" in ort.get_available_providers()
    if device == "cuda" and not cuda:
        raise ModelError("device cuda: this ONNX Runtime runs on the CPU only; install onnxruntime-gpu in its place")
    return ["CUDAExecutionProvider"] * (cuda and device != "cpu") + ["CPUExecutionProvider"]


def _session(graph: Path | bytes, providers: list[str], threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # they keep 14 MB, and save no time here
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(graph if isinstance(graph, bytes) else str(graph), options, providers=providers)
    except Exception as error:
        where = "the model" if isinstance(graph, bytes) else str(graph)
        raise ModelError(f"{where}: is no model that ONNX Runtime can load ({_line(error)})") from error


def _line(error: Exception) -> str:
    """Return the end of an error's first line: what comes before is the name of a class."""
    return str(error).strip().split("\n", 1)[0].rpartition(" : ")[2][:200] or type(error).__name__
