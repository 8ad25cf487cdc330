"""From labelled recordings to a corpus: what is read, what is said of it, and what a batch holds."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from livefoley.core.errors import InputError
from livefoley.foley import audio_file
from livefoley.foley.student.features import BANDS, COLUMNS, CONTROLS, FRAMES_PER_TOKEN
from livefoley.train.corpus import captions, recordings
from livefoley.train.corpus.latents import Basis
from livefoley.train.corpus.prepare import Corpus, without_silent_ends
from tests.train import material

need_torch = pytest.fixture(autouse=False)(lambda: material.need("torch"))


def test_a_manifest_gives_every_recording_with_its_captions(manifest):
    labels = [label for label, _ in recordings.read(manifest)]
    assert len(labels) == 8
    assert labels[1].chinese == "持续的雨声"
    assert {label.split for label in labels} == {"train", "valid"}


def test_a_shard_gives_the_sounds_whose_labels_it_holds(tmp_path):
    sound = material.tone(440, 0.5)
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        for name, content in (
            ("a.flac", audio_file.flac(np.stack((sound, sound)))),
            ("a.json", json.dumps({"caption_en": "a bell rings"}).encode()),
            ("b.json", json.dumps({"caption_en": "nothing to hear"}).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    ((label, read),) = recordings.read(tmp_path)
    assert label.english == "a bell rings"
    assert len(read) == len(sound)


def test_a_folder_without_recordings_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"manifest\.csv"):
        list(recordings.read(tmp_path))
    (tmp_path / "manifest.csv").write_text("file,words\n")
    with pytest.raises(InputError, match="caption_en"):
        list(recordings.read(tmp_path))


def test_a_file_that_cannot_be_decoded_is_left_out(tmp_path):
    (tmp_path / "bad.flac").write_bytes(b"no sound")
    (tmp_path / "manifest.csv").write_text("path,caption_en\nbad.flac,noise\n")
    assert list(recordings.read(tmp_path)) == []


def test_a_recording_is_described_in_both_languages_and_by_its_short_names():
    said = captions.captions_for("steady rain", "持续的雨声", "RAIN")
    assert {"steady rain", "持续的雨声", "rain", "雨声"} <= set(said)
    assert captions.group_of("a single dog bark", "ANIMALS") == "dog"
    assert captions.group_of("something odd", "TOYS") == "toys"


def test_silence_around_a_sound_is_cut():
    sound = np.concatenate((np.zeros(48_000), material.tone(500, 0.5), np.zeros(96_000))).astype(np.float32)
    assert len(sound[without_silent_ends(sound)]) < 48_000


def test_latents_keep_the_shape_and_tell_how_much_texture_was_lost():
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 10, (600, 3)) @ rng.normal(0, 1, (3, FRAMES_PER_TOKEN * BANDS))
    rough = rng.uniform(0.5, 4.0, (600, 1)) * rng.standard_normal(shape.shape)
    tokens = (shape - 30 + rough).astype(np.float32)
    basis = Basis.fit(tokens, 4)
    back = basis.decode(basis.encode(tokens.reshape(-1, BANDS)))
    assert back.shape == (600 * FRAMES_PER_TOKEN, COLUMNS)
    grain = back[:, -1].reshape(600, FRAMES_PER_TOKEN).mean(axis=1)
    assert np.corrcoef(grain, np.abs(rough).mean(axis=1))[0, 1] > 0.95
    assert np.abs(back[:, :BANDS].reshape(600, -1) - tokens + rough).mean() < 0.5


def test_a_basis_is_read_back_as_it_was_written(tmp_path):
    basis = Basis.fit(np.random.default_rng(0).normal(-30, 9, (900, 800)).astype(np.float32), 6)
    basis.save(tmp_path / "basis.npz")
    np.testing.assert_array_equal(Basis.load(tmp_path / "basis.npz").backward, basis.backward)


def test_a_corpus_holds_the_train_recordings_at_three_speeds(corpus):
    kept = Corpus(corpus)
    assert sorted({clip.speed for clip in kept.clips if clip.split == "train"}) == [0.92, 1.0, 1.09]
    assert {clip.speed for clip in kept.clips if clip.split == "valid"} == {1.0}
    assert kept.mel.shape == (sum(clip.frames for clip in kept.clips), BANDS)
    assert len(kept.text) == len(kept.captions)


def test_a_batch_depends_on_the_seed_and_the_step_alone(corpus, need_torch):
    from livefoley.train.corpus.batches import Batches

    batches = Batches(Corpus(corpus), tokens=128, seed=3)
    first, again, other = batches.batch(5, 1.0), Batches(Corpus(corpus), 128, 3).batch(5, 1.0), batches.batch(6, 1.0)
    assert first.latents.shape[-1] == material.LATENT
    assert first.controls.shape[-1] == CONTROLS
    assert bool((first.latents == again.latents).all())
    assert first.latents.shape != other.latents.shape or not bool((first.latents == other.latents).all())


def test_the_valid_split_is_never_drawn(corpus, need_torch):
    from livefoley.train.corpus.batches import Batches

    drawn = Batches(Corpus(corpus), tokens=128)._clips
    assert drawn
    assert all(clip.split == "train" for clip in drawn)


def test_the_past_is_known_only_where_the_loss_does_not_count(corpus, need_torch):
    from livefoley.train.corpus.batches import Batches

    batches = Batches(Corpus(corpus), tokens=512)
    for step in range(6):
        batch = batches.batch(step, 0.0)
        assert bool((batch.known + batch.counts == 1).all())
        assert not bool((batch.past * (1 - batch.known).unsqueeze(-1)).any())


def test_a_folder_that_is_no_corpus_is_refused(tmp_path: Path, need_torch):
    material.need("lightning")
    from livefoley.train.fit import opened

    with pytest.raises(InputError, match="train prepare"):
        opened(tmp_path)
