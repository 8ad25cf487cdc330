"""Fitting, distilling, exporting, quantising, on a network of a few thousand parameters."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from livefoley.core.errors import InputError
from livefoley.foley.student.spec import INPUTS, StudentSpec, checked_graph, load_spec
from tests.support.waiting import LIMIT_S
from tests.train import material


@pytest.fixture(scope="module", autouse=True)
def _packages():
    material.need("torch", "lightning", "onnx", "onnxscript")


@pytest.fixture
def plan():
    from livefoley.train.fit import Plan

    return Plan(size="tiny", steps=6, tokens=128, warm_up=2)


@pytest.fixture(scope="module")
def fitted(corpus, tmp_path_factory):
    from livefoley.train import fit

    out = tmp_path_factory.mktemp("fitted")
    fit.run(corpus, out, fit.Plan(size="tiny", steps=30, tokens=128, warm_up=2), report=lambda _: None)
    return out / "last.pt"


def weights(checkpoint):
    import torch

    return torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(corpus, plan, tmp_path):
    from livefoley.train import fit

    whole = fit.run(corpus, tmp_path / "whole", plan, report=lambda _: None)
    assert whole.step == 6
    parts = fit.run(corpus, tmp_path / "parts", replace(plan, steps=3), report=lambda _: None)
    assert parts.step == 3
    # the learning rate follows the plan, so the shorter plan's checkpoint is resumed under the longer one
    first = fit.run(corpus, tmp_path / "again", replace(plan, steps=3), report=lambda _: None)
    for name, value in weights(first.checkpoint).items():
        np.testing.assert_array_equal(value.numpy(), weights(parts.checkpoint)[name].numpy())
    resumed = fit.run(corpus, tmp_path / "parts", plan, report=lambda _: None)
    assert resumed.step == 6


def test_fitting_lowers_the_loss(corpus, fitted):
    import torch

    from livefoley.train import rectified_flow
    from livefoley.train.corpus.batches import Batches
    from livefoley.train.corpus.prepare import Corpus
    from livefoley.train.fit import load_student
    from livefoley.train.network import SIZES, Student

    kept = Corpus(corpus)
    network, info = load_student(fitted, kept.basis)
    assert info["step"] == 30
    torch.manual_seed(0)
    untrained = Student(SIZES["tiny"], kept.basis)
    power = torch.from_numpy(kept.basis.power)

    def loss(of):
        generator = torch.Generator().manual_seed(1)
        batches = Batches(kept, 256, seed=9)
        with torch.no_grad():
            return sum(float(rectified_flow.loss(of, batches.batch(step, 1.0), power, generator)) for step in range(4))

    assert loss(network) < 0.9 * loss(untrained)


def test_an_exported_network_answers_as_it_did_for_any_batch_and_length(corpus, fitted, tmp_path):
    from livefoley.train import export
    from livefoley.train.corpus.prepare import Corpus
    from livefoley.train.fit import load_student

    network, _ = load_student(fitted, Corpus(corpus).basis)
    spec = StudentSpec("student-tiny", "tiny", "student-tiny.onnx", "", "fp32", 0, 0)
    path = export.export(network, tmp_path, spec)
    found, graph = checked_graph(path)
    assert found.latent == material.LATENT
    assert found.parameters == sum(p.numel() for p in network.parameters())
    for batch, tokens in ((1, 2), (2, 12), (5, 63)):
        assert export.difference(network, graph, batch, tokens) < 1e-4


@pytest.mark.parametrize(("precision", "most"), [("stored-fp16", 0.02), ("fp16", 0.05)])
def test_half_precision_halves_the_file_and_stays_near(corpus, fitted, tmp_path, precision, most):
    from livefoley.train import export
    from livefoley.train.corpus.prepare import Corpus
    from livefoley.train.fit import load_student

    network, _ = load_student(fitted, Corpus(corpus).basis)
    whole = export.export(network, tmp_path, StudentSpec("w", "tiny", "w.onnx", "", "fp32", 0, 0))
    half = export.export(network, tmp_path, StudentSpec("h", "tiny", "h.onnx", "", precision, 0, 0))
    assert half.with_suffix(".onnx").stat().st_size < 0.75 * whole.with_suffix(".onnx").stat().st_size
    assert export.difference(network, half.with_suffix(".onnx")) < most


def test_the_sampler_of_the_run_time_and_that_of_training_arrive_at_the_same_sound(corpus, fitted, tmp_path):
    import onnxruntime
    import torch

    from livefoley.foley.student import sampler
    from livefoley.train import export, rectified_flow
    from livefoley.train.corpus.batches import Batches
    from livefoley.train.corpus.prepare import Corpus
    from livefoley.train.fit import load_student

    kept = Corpus(corpus)
    network, _ = load_student(fitted, kept.basis)
    spec = StudentSpec("s", "tiny", "s.onnx", "", "fp32", 0, 0)
    path = export.export(network, tmp_path, spec)
    session = onnxruntime.InferenceSession(str(path.with_suffix(".onnx")), providers=["CPUExecutionProvider"])
    batch = Batches(kept, 100, seed=2).batch(0, 1.0)
    noise = torch.randn(batch.latents.shape, generator=torch.Generator().manual_seed(0))
    condition = sampler.Condition(*(value.numpy() for value in batch.told()))
    found, mel = sampler.sample(lambda inputs: tuple(session.run(None, inputs)), noise.numpy(), condition, 3, 2.0)
    wanted = rectified_flow.follow(network, noise, batch, sampler.schedule(3), 2.0)
    np.testing.assert_allclose(found, wanted.numpy(), atol=2e-3)
    np.testing.assert_allclose(mel, kept.basis.decode(found), atol=0.1)
    back = np.stack([sampler.texture(7, i, found.shape[1], found.shape[2], 0.5) for i in range(len(found))])
    evaluate = lambda inputs: tuple(session.run(None, inputs))  # noqa: E731
    rough, mel = sampler.sample(evaluate, noise.numpy(), condition, 3, 2.0, back)
    free = 1.0 - condition.known[:, :, None]
    np.testing.assert_allclose(rough, found + back * free, atol=2e-3)
    np.testing.assert_allclose(mel, kept.basis.decode(rough), atol=0.1)


def test_int8_is_reported_beside_the_original(corpus, fitted, tmp_path):
    from livefoley.train import export, quantize
    from livefoley.train.corpus.prepare import Corpus
    from livefoley.train.fit import load_student

    network, _ = load_student(fitted, Corpus(corpus).basis)
    path = export.export(
        network, tmp_path / "fp32", StudentSpec("student-q", "tiny", "student-q.onnx", "", "fp32", 0, 0)
    )
    report = quantize.quantise(path, corpus, tmp_path / "int8", clips=8)
    spec = load_spec(tmp_path / "int8" / "student-q-int8.json")
    assert spec.precision == "int8"
    assert set(report) == {"model", "size_mb", "ms_per_s", "error_db"}
    assert report["error_db"] < 0


def test_a_distilled_student_goes_on_where_it_stopped_and_can_be_exported(corpus, fitted, tmp_path):
    from livefoley.train import distill, export
    from livefoley.train.corpus.prepare import Corpus
    from livefoley.train.fit import load_student

    plan = distill.Plan(minutes=0.02, tokens=64)
    distill.run(corpus, fitted, tmp_path, plan, report=lambda _: None)
    said: list[str] = []
    distill.run(corpus, fitted, tmp_path, plan, report=said.append)
    assert "going on" in said[0]
    network, info = load_student(tmp_path / "last.pt", Corpus(corpus).basis)
    assert info["step"] >= 1
    path = export.export(network, tmp_path, StudentSpec("d", "tiny", "d.onnx", "", "fp32", 0, 0))
    assert checked_graph(path)[0].size == "tiny"


def test_random_weights_are_marked_as_such(tmp_path):
    from livefoley.train import export

    path = export.export_checked(None, None, "tiny", tmp_path, "", "fp32", 1, 1.0, 0.0, 0, lambda _: None)
    said = json.loads(path.read_text())
    assert said["trained"] is False
    assert set(INPUTS) == {"latents", "time", "span", "text", "controls", "past", "known"}


def test_a_checkpoint_that_is_none_is_refused_in_one_line(corpus, tmp_path):
    from livefoley.train import export

    (tmp_path / "bad.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no checkpoint"):
        export.export_checked(tmp_path / "bad.pt", corpus, "tiny", tmp_path, "", "fp32", 1, 1.0, 0.0, 0, lambda _: None)


def test_the_command_line_explains_itself_without_torch():
    script = (
        "import sys; sys.modules.update(dict.fromkeys(('torch', 'lightning', 'onnx'), None)); "
        "sys.argv = ['livefoley', 'train', 'fit', '--help']; from livefoley.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    assert "--minutes" in done.stdout
