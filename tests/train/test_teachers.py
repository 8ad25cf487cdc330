"""Teachers: whose licence was read, what is installed, what is made once and kept."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from livefoley.core.errors import InputError
from livefoley.foley.student.features import RATE
from livefoley.train import teachers
from livefoley.train.corpus import recordings
from livefoley.train.teachers import TeacherError
from tests.train import material


class Humming:
    """A teacher that hums, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def make(self, lesson, seed):
        self.asked += 1
        seen = None if lesson.video is None else np.ones((4, 8), np.float32)
        return teachers.Taught(material.tone(200 + seed, lesson.seconds), seen)


def prompts(folder, *rows):
    path = folder / "prompts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((("caption_en", "caption_zh", "seconds", "video"), *rows))
    return path


@pytest.mark.parametrize("name", teachers.KINDS)
def test_a_licence_must_be_accepted_by_its_name(name):
    licence = teachers.KINDS[name].licence
    with pytest.raises(TeacherError, match=f"--accept-licence {licence.name}"):
        teachers.checked(name, "yes")


@pytest.mark.parametrize(("name", "package"), [("mmaudio", "mmaudio"), ("hunyuan-foley", "hunyuanvideo_foley")])
def test_a_teacher_that_is_not_installed_says_how_to_get_it(name, package):
    with pytest.raises(TeacherError, match=f"{package} not installed"):
        teachers.load(name, "", teachers.KINDS[name].licence.name)


def test_an_unknown_teacher_is_told_who_there_is():
    with pytest.raises(TeacherError, match="stable-audio"):
        teachers.checked("nobody", "")


def test_what_a_teacher_made_is_kept_and_read_as_recordings(tmp_path, monkeypatch):
    teacher = Humming()
    monkeypatch.setattr(teachers, "checked", lambda name, accepted: teachers.KINDS[name])
    monkeypatch.setattr(teachers, "load", lambda *_: teacher)
    asked = prompts(tmp_path, ("a bell rings", "钟声", "1", ""), ("steps on wood", "", "1", "film.mp4"))
    for _ in range(2):  # the second time nothing is left to make
        teachers.teach("mmaudio", asked, tmp_path / "taught", takes=2, report=lambda _: None)
    assert teacher.asked == 4
    found = list(recordings.read(tmp_path / "taught"))
    assert {label.english for label, _ in found} == {"a bell rings", "steps on wood"}
    assert {label.licence for label, _ in found} == {"cc-by-nc-4.0"}
    assert all(abs(len(sound) - RATE) < 4800 for _, sound in found)
    assert len(list((tmp_path / "taught").glob("*.npy"))) == 2


def test_prompts_without_captions_are_refused(tmp_path):
    (tmp_path / "prompts.csv").write_text("words\nrain\n")
    with pytest.raises(InputError, match="caption_en"):
        teachers.read_lessons(tmp_path / "prompts.csv")


def test_weights_that_are_not_there_are_refused_in_one_line(tmp_path):
    material.need("torch", "diffusers", "transformers")
    licence = teachers.KINDS["stable-audio"].licence.name
    with pytest.raises(TeacherError, match="--model"):
        teachers.load("stable-audio", "", licence)
    with pytest.raises(TeacherError, match="cannot be loaded"):
        teachers.load("stable-audio", str(tmp_path), licence)


def test_a_stable_audio_pipeline_of_random_weights_teaches(tmp_path):
    """The real pipeline of diffusers, with a few thousand parameters, saved and loaded as weights of a teacher are."""
    material.need("torch", "diffusers", "transformers", "torchsde")
    pipeline = tiny_stable_audio()
    pipeline.save_pretrained(tmp_path / "weights")
    licence = teachers.KINDS["stable-audio"].licence.name
    teacher = teachers.load("stable-audio", str(tmp_path / "weights"), licence)
    lesson = teachers.Lesson("steady rain", seconds=0.05)
    first, again, other = (teacher.make(lesson, seed, steps=2).sound for seed in (1, 1, 2))
    assert len(first) == pytest.approx(0.05 * RATE, abs=RATE // 100)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def tiny_stable_audio():
    import torch
    from diffusers import (
        AutoencoderOobleck,
        CosineDPMSolverMultistepScheduler,
        StableAudioDiTModel,
        StableAudioPipeline,
    )
    from diffusers.pipelines.stable_audio.modeling_stable_audio import StableAudioProjectionModel
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({"<pad>": 0, "<unk>": 1, "</s>": 2, "rain": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return StableAudioPipeline(
        vae=AutoencoderOobleck(
            encoder_hidden_size=6,
            downsampling_ratios=[1, 2],
            decoder_channels=3,
            decoder_input_channels=3,
            audio_channels=2,
            channel_multiples=[2, 4],
            sampling_rate=44_100,
        ),
        text_encoder=T5EncoderModel(
            T5Config(vocab_size=8, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4, pad_token_id=0)
        ),
        projection_model=StableAudioProjectionModel(text_encoder_dim=32, conditioning_dim=4, min_value=0, max_value=32),
        tokenizer=PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="</s>", model_max_length=16
        ),
        transformer=StableAudioDiTModel(
            sample_size=2205,
            in_channels=3,
            num_layers=2,
            attention_head_dim=4,
            num_key_value_attention_heads=2,
            out_channels=3,
            cross_attention_dim=4,
            time_proj_dim=8,
            global_states_input_dim=8,
            cross_attention_input_dim=4,
        ),
        scheduler=CosineDPMSolverMultistepScheduler(
            solver_order=2, prediction_type="v_prediction", sigma_data=1.0, sigma_schedule="exponential"
        ),
    )
