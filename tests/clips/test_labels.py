"""Labels and manifests in an MP4: other programs read them, and nothing else of the file changes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from livefoley.core.errors import ConfigError, InputError, OutputError
from livefoley.marks.labels import label_mp4, make_labels, read_labels, set_keys
from livefoley.marks.provenance import C2paSigner, read_provenance
from livefoley.media.files.audio_file import write_audio
from tests.clips.certificates import signing_chain
from tests.clips.sounds import read
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

ID = "0123456789abcdef" * 2
LAYOUTS = {"moov at the end": (), "moov first": ("-movflags", "+faststart")}


@pytest.fixture(params=LAYOUTS)
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two seconds with B-frames and an edit list, made by ffmpeg."""
    path = tmp_path / "clip.mp4"
    made_by_ffmpeg(path, *LAYOUTS[request.param])
    return path


def made_by_ffmpeg(path: Path, *options: str) -> None:
    source = ("-f", "lavfi", "-i", "testsrc=s=160x120:d=2", "-f", "lavfi", "-i", "sine=d=2")
    codecs = ("-c:v", "libx264", "-preset", "fast", "-c:a", "aac")
    run("ffmpeg", "-y", *source, *codecs, *options, str(path))


def run(program: str, *options: str) -> str:
    command = [require(program), "-v", "error", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout


def packets(path: Path) -> str:
    """Return what a demuxer finds: every packet with its stamps and its checksum."""
    return run("ffmpeg", "-i", str(path), "-map", "0", "-c", "copy", "-f", "framemd5", "-")


def test_ffprobe_reads_provider_content_id_and_the_ai_flag(clip: Path) -> None:
    before = packets(clip)
    label_mp4(clip, "某某科技", ID)
    tags = json.loads(run("ffprobe", "-show_format", "-of", "json", str(clip)))["format"]["tags"]
    assert (tags["provider"], tags["content_id"], tags["ai_generated"]) == ("某某科技", ID, "1")
    aigc = json.loads(tags["AIGC"])
    assert aigc["Label"] == "1"
    assert aigc["ContentProducer"] == aigc["ContentPropagator"] == "某某科技"
    assert aigc["ProduceID"] == aigc["PropagateID"] == ID
    assert packets(clip) == before


def test_labels_given_again_replace_the_old_ones(clip: Path) -> None:
    label_mp4(clip, "first", "0" * 32)
    size = clip.stat().st_size
    label_mp4(clip, "later", ID)
    assert clip.stat().st_size == size
    assert read_labels(clip).provider == "later"
    assert read_labels(clip).content_id == ID


def test_a_file_without_labels_says_nothing(clip: Path) -> None:
    labels = read_labels(clip)
    assert not labels.ai_generated
    assert labels.content_id == ""


@pytest.mark.parametrize("name", ["sound.mp3", "sound.flac"])
def test_sound_files_carry_the_labels_too(name: str, clip: Path) -> None:
    path = write_audio(clip.with_name(name), [read(clip)], metadata=make_labels("someone", ID))
    labels = read_labels(path)
    assert labels.ai_generated
    assert (labels.provider, labels.content_id) == ("someone", ID)


def test_what_is_no_plain_mp4_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    fragmented = tmp_path / "live.mp4"
    made_by_ffmpeg(fragmented, "-movflags", "+frag_keyframe+empty_moov")
    contents = {
        "empty.mp4": b"",
        "text.mp4": b"not an MP4 at all, only text",
        "cut.mp4": b"\0\0\0\x18ftypisom" + b"\0\0\xff\xffmoov",
        "live.mp4": fragmented.read_bytes(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OutputError, match=name):
            set_keys(tmp_path / name, {"a": "b"})
        assert (tmp_path / name).read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(contents)
    with pytest.raises(InputError, match=r"text\.mp4"):
        read_labels(tmp_path / "text.mp4")


def test_a_signed_clip_says_that_its_sound_is_generated_and_names_its_mark(clip: Path, tmp_path: Path) -> None:
    chain, key = signing_chain(tmp_path, "Studio of the test")
    label_mp4(clip, "someone", ID)
    before = packets(clip)
    C2paSigner(chain, key).sign(clip, "雨夜", ID, ID[:12])
    told = read_provenance(clip)
    assert told.state == "valid"  # whole; the signer is on no list of trust
    assert told.signer == "Studio of the test"
    assert told.generated
    assert told.mark == ID[:12]
    assert read_labels(clip).content_id == ID
    assert packets(clip) == before


def test_a_signed_clip_that_was_changed_is_invalid(clip: Path, tmp_path: Path) -> None:
    C2paSigner(*signing_chain(tmp_path, "Studio")).sign(clip, "", ID, ID[:12])
    content = bytearray(clip.read_bytes())
    content[content.index(b"mdat") + 1000] ^= 1
    clip.write_bytes(content)
    told = read_provenance(clip)
    assert told.state == "invalid"
    assert any("mismatch" in problem for problem in told.problems)


def test_a_clip_without_manifest_has_none(clip: Path) -> None:
    assert read_provenance(clip).state == "none"


def test_a_certificate_that_is_no_use_is_told_in_one_line(clip: Path, tmp_path: Path) -> None:
    chain, key = signing_chain(tmp_path, "Studio")
    key.write_text("no key")
    with pytest.raises(ConfigError, match=r"key\.pem cannot be used"):
        C2paSigner(chain, key)
    _, other = signing_chain(tmp_path, "Other")
    chain.write_text("no chain")
    with pytest.raises(OutputError, match="cannot be signed") as caught:
        C2paSigner(chain, other).sign(clip, "", ID, ID[:12])
    assert "PRIVATE" not in str(caught.value)
