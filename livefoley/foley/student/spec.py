"""The contract between the student's weights and whoever runs them: the graph's ports, and the JSON beside it.

The ONNX graph is one evaluation of the network. All values are float32; batch and tokens are dynamic axes.

========  ============================  ======================================================================
input     shape                         meaning
========  ============================  ======================================================================
latents   ``[batch, tokens, latent]``   the noisy latents at ``time``; unit normal noise at time 0
time      ``[batch]``                   0 is noise, 1 is sound
span      ``[batch]``                   how far the caller will step from ``time`` (``1 - time`` for the last step)
text      ``[batch, text]``             the sentence embedding of the description; all zeros: no description
controls  ``[batch, tokens, 18]``       ``features.controls``: envelope, onsets, and whether each was given
past      ``[batch, tokens, latent]``   known latents where ``known`` is 1, zeros elsewhere
known     ``[batch, tokens]``           1 where ``past`` holds what was generated before (the first tokens), else 0
output
estimate  ``[batch, tokens, latent]``   the sound's latents as far as the network can tell from here
mel       ``[batch, tokens * 8, 101]``  those latents as frames: 100 mel bands in dB re ``features.REFERENCE_RMS``,
                                        and the grain, dB, see ``features.COLUMNS``; ``decoder`` turns them to sound
========  ============================  ======================================================================

``sampler.sample`` drives it. ``text`` is multiplied by nothing: embeddings have unit norm.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from livefoley.core.errors import ModelError, reason
from livefoley.foley.student import features

FORMAT = 1
INPUTS = ("latents", "time", "span", "text", "controls", "past", "known")
OUTPUTS = ("estimate", "mel")


@dataclass(frozen=True, slots=True)
class StudentSpec:
    """What the JSON beside a graph says. ``sha256`` is that of the ONNX file ``file``, which lies beside it."""

    name: str  # "student-nano"
    size: str  # "nano" or "base"
    file: str
    sha256: str
    precision: str  # "fp32", "fp16", "int8"
    latent: int
    parameters: int
    steps: int = 4  # how many evaluations are good by default
    guidance: float = 1.0  # 1 is none; more costs a second evaluation in the same batch
    texture: float = 0.0  # how strong the noise is that gives fine components their texture back; costs one evaluation
    text: int = 512
    rate: int = features.RATE
    hop: int = features.HOP
    bands: int = features.BANDS
    frames_per_token: int = features.FRAMES_PER_TOKEN
    controls: int = features.CONTROLS
    window_tokens: int = 50  # the length it was trained on
    past_tokens: int = 13  # how much of the past is enough to continue
    trained: bool = True  # False: random weights, for timing only
    version: int = FORMAT
    training: dict[str, float | str] = field(default_factory=dict)


def load_spec(path: Path) -> StudentSpec:
    """Return the contract in the JSON file ``path``. Raises ``ModelError`` for one that this version cannot use."""
    try:
        spec = StudentSpec(**json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({reason(error)})") from error
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path}: is no description of a student model ({error})") from error
    ours = (FORMAT, features.RATE, features.HOP, features.BANDS, features.FRAMES_PER_TOKEN, features.CONTROLS)
    if (spec.version, spec.rate, spec.hop, spec.bands, spec.frames_per_token, spec.controls) != ours:
        raise ModelError(f"{path}: was made for another version of livefoley; export the model again")
    if not _makes_sense(spec):
        raise ModelError(f"{path}: is no description of a student model (its values make no sense)")
    return spec


def _makes_sense(spec: StudentSpec) -> bool:
    """Say whether the values of a contract from anywhere can be worked with."""
    counts = (spec.latent, spec.text, spec.steps, spec.past_tokens, spec.window_tokens)
    whole = all(isinstance(count, int) and 0 < count <= 65_536 for count in counts)
    beside = isinstance(spec.file, str) and bool(spec.file) and Path(spec.file).name == spec.file
    guided = isinstance(spec.guidance, (int, float)) and 1.0 <= spec.guidance <= 100.0
    textured = isinstance(spec.texture, (int, float)) and 0.0 <= spec.texture <= 2.0
    return whole and beside and guided and textured and spec.past_tokens < spec.window_tokens


def save_spec(spec: StudentSpec, path: Path) -> None:
    """Write the contract beside its graph."""
    path.write_text(json.dumps(asdict(spec), indent=1) + "\n", "utf-8")


def checked_graph(path: Path) -> tuple[StudentSpec, Path]:
    """Return the contract in ``path`` and its graph's path, after comparing the graph's hash.

    Raises ``ModelError`` when the graph is missing or is another file than the contract names.
    """
    spec = load_spec(path)
    graph = path.with_name(spec.file)
    try:
        found = hashlib.sha256(graph.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{graph}: cannot be read ({reason(error)})") from error
    if found != spec.sha256:
        raise ModelError(f"{graph}: is not the file {path.name} names (its SHA-256 begins with {found[:12]})")
    return spec, graph
