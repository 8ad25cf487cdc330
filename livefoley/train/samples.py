"""Sounds and spectrograms of a network under way, for ears and eyes: the same captions and noise every time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from livefoley.foley import audio_file
from livefoley.foley.student import decoder, features
from livefoley.foley.student.features import FLOOR_DB, Floats
from livefoley.train import rectified_flow
from livefoley.train.corpus.batches import Batch
from livefoley.train.corpus.prepare import Corpus

COUNT = 6
_TOKENS = 50
_STEPS = 4


def write(network: nn.Module, corpus: Corpus, folder: Path, step: int, device: torch.device | str = "cpu") -> Path:
    """Write ``COUNT`` sounds as FLAC and one sheet of their spectrograms into ``folder``; returns the sheet's path."""
    texts = chosen(corpus)
    batch = conditions(corpus, texts).to(device)
    generator = torch.Generator().manual_seed(0)
    latents = rectified_flow.sample(network, batch, _STEPS, 1.0, generator).cpu().numpy()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for number, frames in enumerate(corpus.basis.decode(latents)):
        mono = features.referenced(decoder.invert(frames))
        name = f"{step:07d}-{number}.flac"
        (folder / name).write_bytes(audio_file.flac(np.clip(decoder.Widener().feed(mono), -1, 1)))
        pictures.append(picture(features.mel_db(mono)))
    sheet = folder / f"{step:07d}.png"
    cv2.imwrite(str(sheet), np.concatenate(pictures))
    (folder / "captions.txt").write_text("\n".join(corpus.captions[i] for i in texts) + "\n", "utf-8")
    return sheet


def chosen(corpus: Corpus) -> list[int]:
    """Return the first caption of the groups with most clips."""
    groups: dict[str, list[int]] = {}
    for clip in corpus.clips:
        groups.setdefault(clip.group, []).append(clip.texts[0])
    return [texts[0] for texts in sorted(groups.values(), key=len, reverse=True)[:COUNT]]


def conditions(corpus: Corpus, texts: list[int]) -> Batch:
    """Return a batch that asks for ``texts`` and says nothing of time."""
    shape = (len(texts), _TOKENS)
    nothing = torch.zeros(*shape, corpus.basis.latent)
    told = torch.from_numpy(np.stack([features.controls(_TOKENS * features.FRAMES_PER_TOKEN)] * len(texts)))
    return Batch(nothing, torch.from_numpy(corpus.text[texts]), told, nothing, torch.zeros(shape), torch.ones(shape))


def picture(mel_db: Floats) -> np.ndarray:
    """Return mel frames as an image, low bands at the bottom, with a border."""
    grey = np.clip((mel_db.T[::-1] - FLOOR_DB) / (features.CEILING_DB - FLOOR_DB) * 255, 0, 255).astype(np.uint8)
    return cv2.copyMakeBorder(cv2.applyColorMap(grey, cv2.COLORMAP_MAGMA), 2, 2, 2, 2, cv2.BORDER_CONSTANT)
