"""Teachers that watch: MMAudio and HunyuanVideo-Foley, by their authors' own packages and weights.

Each also hands out how it saw the film (frame features), kept beside its sounds: ``alignment`` learns from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from livefoley.foley.student.features import Floats
from livefoley.train.teachers.base import Lesson, Taught, TeacherError
from livefoley.train.teachers.diffusion import at_our_rate


class MMAudioTeacher:
    """MMAudio (Cheng et al. 2024), 25 Euler steps with guidance 4.5, as its authors run it."""

    def __init__(self, model: str, device: str) -> None:
        """Load a variant (``large_44k_v2`` unless named); missing weights are fetched. Raises ``TeacherError``."""
        import torch
        from mmaudio import eval_utils
        from mmaudio.model.flow_matching import FlowMatching
        from mmaudio.model.networks import get_my_mmaudio
        from mmaudio.model.utils.features_utils import FeaturesUtils

        known = eval_utils.all_model_cfg
        chosen = known.get(model or "large_44k_v2")
        if chosen is None:
            raise TeacherError(f"mmaudio: no variant {model!r}; there are {', '.join(known)}")
        chosen.download_if_needed()
        kind = torch.bfloat16 if device.startswith("cuda") else torch.float32
        self._net = get_my_mmaudio(chosen.model_name).to(device, kind).eval()
        self._net.load_weights(torch.load(chosen.model_path, map_location=device, weights_only=True))
        self._flow = FlowMatching(min_sigma=0, inference_mode="euler", num_steps=25)
        features = FeaturesUtils(
            tod_vae_ckpt=chosen.vae_path,
            synchformer_ckpt=chosen.synchformer_ckpt,
            enable_conditions=True,
            mode=chosen.mode,
            bigvgan_vocoder_ckpt=chosen.bigvgan_16k_path,
            need_vae_encoder=False,
        )
        self._features = features.to(device, kind).eval()
        self._config, self._utils, self._device = chosen.seq_cfg, eval_utils, device

    def make(self, lesson: Lesson, seed: int) -> Taught:
        """Return the sound for a film, or for a description alone."""
        import torch

        clip = sync = None
        seconds = lesson.seconds
        if lesson.video is not None:
            film = self._utils.load_video(lesson.video, lesson.seconds, load_all_frames=False)
            clip, sync, seconds = film.clip_frames.unsqueeze(0), film.sync_frames.unsqueeze(0), film.duration_sec
        self._config.duration = seconds
        self._net.update_seq_lengths(self._config.latent_seq_len, self._config.clip_seq_len, self._config.sync_seq_len)
        with torch.inference_mode():
            made = self._utils.generate(
                clip,
                sync,
                [lesson.english],
                feature_utils=self._features,
                net=self._net,
                fm=self._flow,
                rng=torch.Generator(device=self._device).manual_seed(seed),
                cfg_strength=4.5,
            )
            seen = None if sync is None else _array(self._features.encode_video_with_sync(sync.to(self._device)))
        return Taught(at_our_rate(_array(made)[0], self._config.sampling_rate, seconds), seen)


class HunyuanTeacher:
    """HunyuanVideo-Foley (Tencent 2025), 50 steps with guidance 4.5. It watches a film; it does not work without."""

    def __init__(self, model: str, device: str) -> None:
        """Load the weights in the folder ``model``, whose ``.yaml`` says the size. Raises ``TeacherError``."""
        import torch
        from hunyuanvideo_foley.utils import feature_utils, model_utils

        folder = Path(model)
        if not model or not folder.is_dir():
            raise TeacherError("hunyuan-foley: --model must be the folder with its weights and its config .yaml")
        if not device.startswith("cuda"):
            raise TeacherError("hunyuan-foley: its video encoder runs on CUDA only; give --device cuda")
        configs = sorted(folder.glob("*.yaml"))
        if not configs:
            raise TeacherError(f"{folder}: holds no configuration (.yaml) of HunyuanVideo-Foley")
        size = "xl" if "xl" in configs[0].stem.split("_") else "xxl"
        self._model, self._config = model_utils.load_model(
            str(folder), str(configs[0]), torch.device(device), enable_offload=False, model_size=size
        )
        self._look, self._denoise = feature_utils.feature_process, model_utils.denoise_process

    def make(self, lesson: Lesson, seed: int) -> Taught:
        """Return the sound for a film."""
        import torch

        if lesson.video is None:
            raise TeacherError("hunyuan-foley: every prompt needs a film (the column video)")
        torch.manual_seed(seed)
        looked, read, seconds = self._look(str(lesson.video), lesson.english, self._model, self._config)
        made, rate = self._denoise(
            looked, read, seconds, self._model, self._config, guidance_scale=4.5, num_inference_steps=50
        )
        seen = looked.get("syncformer_feat") if hasattr(looked, "get") else None
        return Taught(at_our_rate(_array(made)[0], int(rate), float(seconds)), None if seen is None else _array(seen))


def _array(tensor: Any) -> Floats:
    values = np.asarray(tensor.detach().float().cpu().numpy(), np.float32)
    return values.reshape(-1, values.shape[-1]) if values.ndim > 3 else values
