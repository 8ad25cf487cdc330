"""Clips are published once, whole, into a directory and into S3 (moto's server, by HTTP), and wait while it is down."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from livefoley.clips.model import ClipMetadata
from livefoley.clips.publish import (
    DirectoryStore,
    Naming,
    Spool,
    SpoolingPublisher,
    Store,
    StorePublisher,
    check_place,
    open_store,
)
from livefoley.clips.publish import s3 as s3_module
from livefoley.clips.publish.store import KEY
from livefoley.core.errors import ConfigError, OutputError
from tests.clips.finished import ID, finished, metadata
from tests.support.peers import impossible, require
from tests.support.ports import free_port

PREFIX = f"stage/2026-11-21/12-00-00-{ID}"
SECRET = "planted-secret-of-the-store"


class Bucket:
    """S3 on this machine; it can go down and come back with what it held."""

    def __init__(self) -> None:
        self.port = free_port()
        self.up()
        httpx.put(f"http://127.0.0.1:{self.port}/bucket", trust_env=False).raise_for_status()

    def up(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def down(self) -> None:
        self._server.stop()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    made.down()


@pytest.fixture
def s3(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Store:
    """A fresh prefix of the bucket, found as an operator would have it found: through the variables."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{bucket.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return open_store(f"s3://bucket/{abs(hash(request.node.name))}")


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return request.getfixturevalue("s3") if request.param == "s3" else open_store(str(tmp_path / "published"))


def content(store: Store, key: str) -> bytes:
    found = store.stat(key)
    assert found is not None, key
    return store.read(key, 0, found.size)


def test_a_clip_lies_where_its_name_says_with_every_file(store: Store, tmp_path: Path) -> None:
    files = finished(tmp_path, metadata())
    published = StorePublisher(store, Naming()).publish(files, metadata())
    assert (published.created, published.prefix) == (True, PREFIX)
    assert store.keys(PREFIX) == [f"{PREFIX}/{path.name}" for path in sorted(files.all())]
    for path in files.all():
        assert content(store, f"{PREFIX}/{path.name}") == path.read_bytes()
    assert ClipMetadata.from_json(content(store, f"{PREFIX}/metadata.json").decode()) == metadata()


@pytest.mark.parametrize("prefix", ["直播 切片", "a=b/c+d & e", "100%25", "emoji😀/(1)", "trail/"])
def test_a_prefix_in_s3_may_have_any_name(s3: Store, bucket: Bucket, prefix: str, tmp_path: Path) -> None:
    store = open_store(check_place(f"s3://bucket/{prefix}"))
    published = StorePublisher(store, Naming()).publish(finished(tmp_path, metadata()), metadata())
    found = store.keys(published.prefix)
    assert len(found) == len(finished(tmp_path, metadata()).all())
    plain = open_store("s3://bucket")
    assert plain.location(found[0]) != store.location(found[0])
    listed = httpx.get(
        f"http://127.0.0.1:{bucket.port}/bucket",
        params={"list-type": "2", "prefix": f"{prefix.strip('/')}/{published.prefix}"},
        trust_env=False,
    )
    assert listed.text.count("<Key>") == len(found)  # as others see it
    for key in found:
        store.delete(key)
    assert store.keys(published.prefix) == []


def test_a_clip_published_again_is_left_as_it_is(store: Store, tmp_path: Path) -> None:
    publisher = StorePublisher(store, Naming())
    publisher.publish(finished(tmp_path, metadata()), metadata())
    again = publisher.publish(finished(tmp_path, metadata(), b"other pictures"), metadata())
    assert not again.created
    assert content(store, f"{PREFIX}/clip.mp4").startswith(b"moving")


def test_what_an_attempt_left_half_done_is_written_over(store: Store, tmp_path: Path) -> None:
    half = tmp_path / "half.mp4"
    half.write_bytes(b"half a clip")
    store.put(f"{PREFIX}/clip.mp4", half, "video/mp4")
    published = StorePublisher(store, Naming()).publish(finished(tmp_path, metadata()), metadata())
    assert published.created
    assert content(store, f"{PREFIX}/clip.mp4").startswith(b"moving")


def test_of_many_that_publish_one_clip_at_once_one_is_told_that_it_is_new(store: Store, tmp_path: Path) -> None:
    files = finished(tmp_path, metadata())
    told: list[bool] = []
    threads = [
        threading.Thread(target=lambda: told.append(StorePublisher(store, Naming()).publish(files, metadata()).created))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 5 + [True]


def test_a_large_clip_goes_up_in_parts(s3: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_module, "PART_BYTES", 5 * 1024 * 1024)
    large = os.urandom(12 * 1024 * 1024)
    StorePublisher(s3, Naming()).publish(finished(tmp_path, metadata(), large), metadata())
    found = s3.stat(f"{PREFIX}/clip.mp4")
    assert found is not None
    assert found.etag.rstrip('"').endswith("-3")  # S3's mark of an object made of three parts
    assert s3.read(f"{PREFIX}/clip.mp4", 6_000_000, 6_000_100) == large[6_000_000:6_000_100]


def test_a_withdrawn_clip_is_gone(store: Store, tmp_path: Path) -> None:
    publisher = StorePublisher(store, Naming())
    publisher.publish(finished(tmp_path, metadata()), metadata())
    publisher.withdraw(PREFIX)
    assert store.stat(f"{PREFIX}/clip.mp4") is None
    assert store.stat(f"{PREFIX}/metadata.json") is None
    assert publisher.publish(finished(tmp_path, metadata()), metadata()).created


def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    command = [require("mount"), "-t", "tmpfs", "-o", "size=64k", "none", small]
    if subprocess.run(command, capture_output=True).returncode != 0:
        impossible("a small file system, which only root may mount")
    try:
        files = finished(tmp_path, metadata(), b"x" * 200_000)
        with pytest.raises(OutputError, match="No space left on device"):
            StorePublisher(DirectoryStore(small), Naming()).publish(files, metadata())
        assert not [path for path in small.rglob("*") if path.is_file()]
        with pytest.raises(OutputError, match="could not be published, and not be kept"):
            spooling(DirectoryStore(small), small / "spool").publish(files, metadata())
    finally:
        subprocess.run(["umount", small], check=True)


# ---- the target is down ----


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def spooling(
    store: Store, spool: Path, backup: Store | None = None, clock: Callable[[], float] | None = None, most: int = 10**7
) -> SpoolingPublisher:
    second = StorePublisher(backup, Naming()) if backup else None
    return SpoolingPublisher(StorePublisher(store, Naming()), Spool(spool, most), second, now=clock or Clock())


def test_clips_wait_out_an_outage_and_a_restart_of_ours(
    s3: Store, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, spool, ids = Clock(), tmp_path / "spool", [digit * 32 for digit in "1234"]
    publisher = spooling(s3, spool, clock=clock)
    bucket.down()
    try:
        for content_id in ids:
            told = metadata(content_id)
            files = finished(tmp_path / "jobs", told)
            published = publisher.publish(files, told)
            assert published.waits
            for path in files.all():  # as the maker cleans up
                path.unlink()
        assert publisher.drain() == 4
        failures = publisher.statistics().failures
        assert failures == 1  # while it is down it is not asked for every clip
        clock.now_s += 60
        assert publisher.drain() == 4
        assert publisher.statistics().failures == failures + 1
    finally:
        bucket.up()
    restarted = spooling(s3, spool, clock=clock)
    assert restarted.statistics().waiting == 4
    assert restarted.drain() == 0
    for content_id in ids:
        assert content(s3, f"stage/2026-11-21/12-00-00-{content_id}/clip.mp4").startswith(b"moving")
    figures = restarted.statistics()
    assert (figures.published, figures.waiting, figures.waiting_bytes, figures.target_up) == (4, 0, 0, True)


def test_pauses_grow_while_the_target_stays_down(tmp_path: Path) -> None:
    clock, blocked = Clock(), tmp_path / "file"
    blocked.write_text("a file where a directory should be")
    publisher = spooling(DirectoryStore(blocked), tmp_path / "spool", clock=clock)
    publisher.publish(finished(tmp_path, metadata()), metadata())
    tried = []
    for _ in range(1500):
        clock.now_s += 1
        before = publisher.statistics().failures
        publisher.drain()
        if publisher.statistics().failures > before:
            tried.append(clock.now_s)
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    wanted = [min(300, 2 ** (number + 1)) for number in range(len(pauses))]
    assert len(pauses) >= 9
    for pause, middle in zip(pauses, wanted, strict=True):
        assert 0.75 * middle <= pause <= 1.25 * middle + 1  # looked at once a second


def test_the_backup_serves_while_the_target_is_down(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    backup = DirectoryStore(tmp_path / "backup")
    publisher = spooling(DirectoryStore(blocked), tmp_path / "spool", backup)
    published = publisher.publish(finished(tmp_path, metadata()), metadata())
    assert (published.prefix, published.waits) == (PREFIX, True)
    assert content(backup, f"{PREFIX}/clip.mp4").startswith(b"moving")
    figures = publisher.statistics()
    assert (figures.backed_up, figures.spooled, figures.lost) == (1, 1, 0)


def test_a_full_spool_says_so_and_the_clip_is_not_called_published(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    publisher = spooling(DirectoryStore(blocked), tmp_path / "spool", most=20_000)
    publisher.publish(finished(tmp_path, metadata()), metadata())
    other = metadata("f" * 32)
    with pytest.raises(OutputError, match="it is full"):
        publisher.publish(finished(tmp_path, other), other)
    assert publisher.statistics().lost == 1


def test_what_lies_in_the_spool_and_is_no_clip_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "spool" / "strange").mkdir(parents=True)
    publisher = spooling(DirectoryStore(tmp_path / "published"), tmp_path / "spool")
    assert publisher.drain() == 0
    assert publisher.drain() == 0
    assert (tmp_path / "spool" / "strange.broken").is_dir()


# ---- names, places, secrets ----


@pytest.mark.parametrize(
    "template", ["", "{room}", "{room}/../{content_id}", "/{content_id}", "{content_id}/", "{content_id!r}", "{x}", "{"]
)
def test_a_template_that_is_no_use_is_refused(template: str) -> None:
    with pytest.raises(ConfigError, match=r"clips\.publish\.name"):
        Naming(template)


@given(st.text(max_size=40))
def test_whatever_template_is_taken_gives_a_key_inside_the_store(template: str) -> None:
    try:
        prefix = Naming(template + "{content_id}").prefix(metadata())
    except ConfigError:
        return
    assert ".." not in prefix
    assert not prefix.startswith("/")


@given(st.text(max_size=60))
def test_no_key_leads_out_of_the_store(key: str) -> None:
    if KEY.fullmatch(key):
        assert ".." not in key.split("/")
        assert not key.startswith("/")


def test_errors_of_the_store_tell_no_secret(bucket: Bucket, s3: Store, tmp_path: Path) -> None:
    missing = open_store("s3://nobody-made-this-bucket")
    with pytest.raises(OutputError, match="no such bucket") as caught:
        StorePublisher(missing, Naming()).publish(finished(tmp_path, metadata()), metadata())
    assert SECRET not in str(caught.value)
    assert "key-id" not in str(caught.value)


@pytest.mark.parametrize("place", ["s3://", "s3://B", "s3://bucket/a#b", "ftp://host/clips"])
def test_a_place_that_is_none_is_told_in_one_line(place: str) -> None:
    with pytest.raises(ConfigError):
        open_store(place)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("s3://my bucket/clips", "character 3 of the bucket, ' ' (SPACE)"),
        ("s3://my_bucket", "character 3 of the bucket, '_' (LOW LINE)"),
        ("s3://bucket/q?x=planted", "character 2 of the prefix, '?' (QUESTION MARK)"),
        ("s3://bucket/a\tb", "character 2 of the prefix, '\\t' (unnamed)"),
        *(
            (f"s3://bucket/{path}", "an empty part of the prefix, or one of . or ..")
            for path in ("a//b", "./x", "a/..")
        ),
        ("s3://b", "is no place for clips"),
    ],
)
def test_a_place_in_s3_that_is_none_is_refused_by_its_character(place: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_place(place)
    assert told in str(refused.value)
