"""What a video teacher saw: kept with its sounds, cut with them, and foretold by the student."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.errors import InputError
from livefoley.train.corpus.prepare import Corpus, prepare
from livefoley.train.corpus.recordings import read
from tests.train import material


@pytest.fixture(scope="module", autouse=True)
def _packages():
    material.need("torch", "lightning")


def watched(folder):
    """Write the recordings, and beside six of them what was seen: one direction for tones, another for noise, turning
    half way."""
    manifest = material.recordings(folder)
    for number in range(6):
        seen = np.zeros((30, 4), np.float16)
        seen[:15, number % 2] = seen[15:, 2 + number % 2] = 1.0
        np.save(folder / f"{number}.npy", seen)
    return manifest


@pytest.fixture(scope="module")
def seen_corpus(tmp_path_factory):
    place = tmp_path_factory.mktemp("seen")
    prepare(read(watched(place / "sounds")), place / "corpus", material.embedded, material.LATENT)
    return place / "corpus"


def test_what_was_seen_is_cut_with_the_sound(seen_corpus):
    from livefoley.train.corpus.batches import window

    kept = Corpus(seen_corpus)
    noise = next(clip for clip in kept.clips if clip.name == "1.flac" and clip.speed == 1.0)
    found = window(kept, noise, 240, np.random.default_rng(0)).seen
    assert found.shape == (30, 4)
    heard = found[np.abs(found).sum(axis=1) > 0]
    assert len(heard) >= 29
    turned = int(np.argmax(heard[:, 3]))
    assert 13 <= turned <= 17
    assert heard[:turned, 1].all()
    unwatched = next(clip for clip in kept.clips if clip.name == "6.flac")
    assert not window(kept, unwatched, 240, np.random.default_rng(0)).seen.any()


def test_the_student_learns_to_foretell_it_and_the_run_can_be_resumed(seen_corpus, tmp_path):
    import torch
    from lightning.fabric import Fabric

    from livefoley.train import fit, rectified_flow

    plan = fit.Plan(size="tiny", steps=60, tokens=128, warm_up=2, rate=5e-3)

    def opened():
        return fit.Fit(Corpus(seen_corpus), plan, tmp_path, Fabric(accelerator="cpu", devices=1), lambda _: None)

    def apart(fitting):
        batch = fitting._batches.batch(900, 0.0)
        power = torch.from_numpy(Corpus(seen_corpus).basis.power)
        with torch.no_grad():
            rectified_flow.loss(fitting.network, batch, power, torch.Generator().manual_seed(1))
            return float(fitting.alignment(batch))

    fitting = opened()
    before = apart(fitting)
    fitting.run()
    assert apart(fitting) < 0.7 * before
    again = opened()
    assert again.resume()
    assert apart(again) == pytest.approx(apart(fitting), rel=1e-3)


def test_features_of_another_width_are_refused(tmp_path):
    manifest = watched(tmp_path)
    np.save(tmp_path / "3.npy", np.ones((30, 5), np.float16))
    with pytest.raises(InputError, match=r"3\.npy: holds features of shape \[30, 5\]; want \[any, 4\]"):
        prepare(read(manifest), tmp_path / "corpus", material.embedded, material.LATENT)
