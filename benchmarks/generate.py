"""What generated sound costs: the student (nano) from conditions to 48 kHz stereo, wall seconds per second of sound.

    python benchmarks/generate.py [--model nano] [--threads 2] [--skip-peer]

On the CPU, with two threads: one step and the model's own number of steps; beside it, in the same run with the same
runtime and threads, a transformer of MMAudio-S's size at 25 steps with guidance and a vocoder of BigVGAN's size
(``teacher_sized.py``; random weights). Then windows of 2 s, one after another at a worker's priority, while a room is
live on this machine: the 99th percentile. The student's peak memory is that of a process that does nothing else.
``base`` (180 M parameters, random weights) is timed where torch is installed to export it.

On a machine with a GPU, the network alone: median and 99th percentile at batch 1, 8 and 32, windows of 2 s a second,
and the share of the card's measured speed (a large matrix product through ONNX Runtime) that its arithmetic comes to.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the student's worker has it; read when numpy is loaded

import numpy as np
import onnxruntime as ort
import psutil
import teacher_sized
from common import CACHE, encode, process, publisher, quiet, require, sidecar
from onnx import TensorProto, helper

from livefoley.core.errors import LivefoleyError
from livefoley.foley.student import features, models
from livefoley.foley.student.backends.bench import Timing, measure
from livefoley.foley.student.backends.onnx import Backend, OnnxBackend
from livefoley.foley.student.models import Model
from livefoley.foley.student.student import open_backend

TARGET_PER_SECOND, TARGET_RATIO, TARGET_P99_S = 0.08, 30.0, 0.3
CLIP_S, WINDOW_S = 8.0, 2.0
PEER_STEPS = 25
LIVE_WINDOWS = 200
"""Their 99th percentile is the second slowest."""


def exported(size: str) -> Model | None:
    """Return a model of ``size`` with random weights, exported once; None where torch is not installed."""
    path = CACHE / "students" / f"student-{size}-random.json"
    if not path.exists():
        command = [sys.executable, "-m", "livefoley", "train", "export", "--random", "--size", size]
        made = subprocess.run([*command, "--name", path.stem, "-o", path.parent], capture_output=True, text=True)
        if made.returncode:
            return None
    return models.find(path)


def row(label: str, *figures: str) -> None:
    """Print a line of the table."""
    print(f"{label:58s} " + " ".join(f"{figure:>12s}" for figure in figures), flush=True)


def timed(backend: Backend, model: Model, steps: int, seconds: float, repeats: int, batch: int = 1) -> Timing:
    """Time a model; windows are no longer than what it was trained on."""
    tokens = min(features.tokens_for(seconds), model.spec.window_tokens)
    return measure(backend, model.spec, batch=batch, tokens=tokens, steps=steps, repeats=repeats)


# ---- the peer ----


def peer_per_second(threads: int) -> tuple[float, float]:
    """Return the wall seconds per second of sound of the peer's generator (25 steps, guidance) and of its vocoder."""
    session = _session(teacher_sized.transformer()[0], threads)
    rng = np.random.default_rng(0)
    shapes = {**teacher_sized.STREAMS, "told": 1}
    feeds = {name: rng.standard_normal((2, n, teacher_sized.WIDTH), np.float32) for name, n in shapes.items()}
    session.run(None, feeds)
    began_s = time.perf_counter()
    for _ in range(PEER_STEPS):
        session.run(None, feeds)
    generator_s = (time.perf_counter() - began_s) / teacher_sized.CLIP_S
    session = _session(teacher_sized.vocoder()[0], threads)
    frames = round(teacher_sized.CLIP_S * teacher_sized.RATE / teacher_sized.HOP)
    began_s = time.perf_counter()
    session.run(None, {"mel": rng.standard_normal((1, teacher_sized.BANDS, frames), np.float32)})
    return generator_s, (time.perf_counter() - began_s) / teacher_sized.CLIP_S


def _session(graph: bytes, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


# ---- beside a live room, and alone ----

ALONE = """
import sys
from livefoley.foley.student.student import Wish, open_student
student = open_student(sys.argv[1], "cpu", int(sys.argv[2]))
for seed in range(4):
    student.make([Wish("rain on a tin roof", student.spec.window_tokens, seed)])
import psutil
info = psutil.Process().memory_info()
peak = getattr(info, "peak_wset", 0)
if not peak:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(peak)
"""


def peak_mb(model: Model, threads: int) -> float:
    """Return the peak memory of a process that makes a few sounds, words and all."""
    command = [sys.executable, "-c", ALONE, str(model.path), str(threads)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1e6


async def beside_a_room(model: Model, threads: int) -> Timing:
    """Time windows at a worker's priority while a room is live: a publisher, foley with its own student, HLS out."""
    picture, tone = "testsrc2=size=1280x720:rate=30:duration=60", "sine=frequency=440:sample_rate=48000:duration=60"
    coding = ("-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-pix_fmt", "yuv420p", "-c:a", "aac")
    clip = encode("generate-720p.mp4", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, *coding)
    with tempfile.TemporaryDirectory() as directory:
        rooms = {"live": {"describe": "rain on a window, footsteps", "sinks": [{"hls": f"{directory}/hls"}]}}
        async with sidecar(Path(directory), rooms) as running:
            with process(*publisher(clip, running.url("live"), "-stream_loop", "-1")):
                await asyncio.sleep(8)
                return await asyncio.to_thread(_niced, model, threads)


def _niced(model: Model, threads: int) -> Timing:
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process().nice(5)
    return timed(OnnxBackend(model.graph, "cpu", threads), model, 1, WINDOW_S, LIVE_WINDOWS)


# ---- a GPU ----


def on_gpu(found: list[Model], threads: int) -> None:
    """Print the GPU's table, where there is one: the network alone, for the decoder stays on the CPU."""
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        print("GPU: ONNX Runtime has no CUDA here (onnxruntime-gpu has)")
    roof = _flops_per_s() if "CUDAExecutionProvider" in ort.get_available_providers() else 0.0
    for device in ("cuda", "tensorrt"):
        for model in found:
            try:
                backend = open_backend(model, device, threads)
            except LivefoleyError as error:
                print(f"GPU: {model.spec.name} by {device} is not timed ({error})")
                continue
            _gpu_rows(backend, model, roof)


def _gpu_rows(backend: Backend, model: Model, roof: float) -> None:
    tokens = min(features.tokens_for(WINDOW_S), model.spec.window_tokens)
    for batch in (1, 8, 32):
        timing = measure(backend, model.spec, batch=batch, tokens=tokens, steps=1, repeats=100, decode=False)
        share = 2.0 * model.spec.parameters * tokens * batch / timing.p50_s / roof if roof else 0.0
        figures = [f"{1000 * each:.2f} ms" for each in (timing.p50_s, timing.p99_s)]
        part = f"{share:.1%} of roof" if roof else ""
        row(f"{backend.name}, {model.spec.name}, batch {batch}", *figures, f"{batch / timing.p50_s:.0f}/s", part)


def _flops_per_s() -> float:
    """Return how fast the card multiplies large matrices through ONNX Runtime, operations a second."""
    size = 4096
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in "abc"]
    product = [helper.make_node("MatMul", ["a", "b"], ["c"])]
    graph = helper.make_graph(product, "roof", ports[:2], ports[2:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CUDAExecutionProvider"])
    binding = session.io_binding()
    for name in "ab":
        values = np.ones((size, size), np.float32)
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(values, "cuda", 0))
    binding.bind_output("c", "cuda")
    session.run_with_iobinding(binding)
    began_s = time.perf_counter()
    for _ in range(20):
        session.run_with_iobinding(binding)
    binding.synchronize_outputs()
    return 20 * 2.0 * size**3 / (time.perf_counter() - began_s)


def main() -> None:
    """Print the table and the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=models.DEFAULT)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip-peer", action="store_true", help="leave the large networks out (a minute, 1.5 GB)")
    args = parser.parse_args()
    quiet()
    require("ffmpeg")
    try:
        model: Model | None = models.find(args.model)
    except LivefoleyError as error:
        print(f"{error}; random weights are timed instead")
        model = exported("nano")
    if model is None:
        parser.exit(1, "there are no weights to time, and torch is not installed to make random ones\n")
    # first of all: on Linux a process begins with the peak of the one that started it
    print(f"peak memory of a process that makes sounds of words: {peak_mb(model, args.threads):.0f} MB")
    nano = OnnxBackend(model.graph, "cpu", args.threads)
    row(f"on the CPU, {args.threads} threads, s per s of sound", "whole", "network", "p99 of 2 s")
    one = timed(nano, model, 1, CLIP_S, 15)
    row(f"{model.spec.name}, 1 step", f"{one.per_second:.4f}", f"{one.network_s / one.seconds:.4f}")
    own = timed(nano, model, model.spec.steps, CLIP_S, 8)
    row(f"{model.spec.name}, {model.spec.steps} steps", f"{own.per_second:.4f}", f"{own.network_s / own.seconds:.4f}")
    live = asyncio.run(beside_a_room(model, args.threads))
    row(f"{model.spec.name}, 1 step, a room live", f"{live.per_second:.4f}", "", f"{1000 * live.p99_s:.0f} ms")
    large = exported("base")
    if large is not None:
        base = timed(OnnxBackend(large.graph, "cpu", args.threads), large, 1, CLIP_S, 4)
        row("base, 180 M, random weights, 1 step", f"{base.per_second:.4f}", f"{base.network_s / base.seconds:.4f}")
    else:
        print("base: not timed, torch is not installed to export it")
    ratio = 0.0
    if not args.skip_peer:
        generator, vocoder = peer_per_second(args.threads)
        row(f"MMAudio-S-sized, {PEER_STEPS} steps with guidance", f"{generator + vocoder:.4f}", f"{generator:.4f}")
        ratio = (generator + vocoder) / one.per_second
        print(f"the student is {ratio:.0f} times as fast (target: {TARGET_RATIO:.0f})")
    on_gpu([each for each in (model, large) if each is not None], args.threads)
    passed = one.per_second <= TARGET_PER_SECOND and live.p99_s <= TARGET_P99_S
    result = {
        "name": "generate: wall seconds per second of sound, nano, one step, CPU with two threads",
        "value": round(one.per_second, 4),
        "unit": "s/s",
        "baseline": round(ratio * one.per_second, 3),
        "ratio": round(ratio, 1),
        "p99_live_ms": round(1000 * live.p99_s, 1),
        "target": TARGET_PER_SECOND,
        "pass": passed and (args.skip_peer or ratio >= TARGET_RATIO),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
