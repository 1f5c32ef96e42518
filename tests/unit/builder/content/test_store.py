"""The content store: nothing is stored that is not what it claims to be."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builder.content import (
    BlobNotFound,
    BlobTooLarge,
    ContentError,
    ContentStore,
    DigestMismatch,
    SizeMismatch,
)
from builder.oci.digest import Digest

DATA = b"some bytes"
DIGEST = Digest.of(DATA)
OTHER = Digest.of(b"other bytes")


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "store")


def partials(store: ContentStore) -> list[str]:
    return os.listdir(store.root / "ingest")


def put(store: ContentStore, data: bytes) -> Digest:
    with store.writer() as writer:
        writer.write(data)
        return writer.commit().digest


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


def test_a_new_store_is_an_empty_image_layout(store: ContentStore) -> None:
    layout = json.loads((store.root / "oci-layout").read_bytes())
    assert layout == {"imageLayoutVersion": "1.0.0"}
    assert json.loads((store.root / "index.json").read_bytes())["manifests"] == []
    assert partials(store) == []


def test_what_an_existing_layout_says_is_kept(store: ContentStore) -> None:
    (store.root / "index.json").write_text('{"schemaVersion":2,"manifests":[1]}')
    ContentStore(store.root)
    assert (store.root / "index.json").read_text() == '{"schemaVersion":2,"manifests":[1]}'


def test_a_committed_blob_can_be_read(store: ContentStore) -> None:
    with store.writer() as writer:
        writer.write(DATA[:3])
        writer.write(memoryview(DATA)[3:])
        blob = writer.commit(DIGEST, len(DATA))
    assert (blob.digest, blob.size) == (DIGEST, len(DATA))
    assert store.has(DIGEST)
    assert store.size(DIGEST) == len(DATA)
    assert store.path(DIGEST).read_bytes() == DATA
    assert list(store.digests()) == [DIGEST]
    with store.open(DIGEST) as file:
        assert file.read() == DATA
    assert partials(store) == []


def test_a_blob_may_be_stored_twice(store: ContentStore) -> None:
    assert put(store, DATA) == put(store, DATA)
    assert partials(store) == []


def test_leaving_without_commit_stores_nothing(store: ContentStore) -> None:
    with store.writer() as writer:
        writer.write(DATA)
    assert not store.has(DIGEST)
    assert partials(store) == []


def test_a_wrong_digest_is_refused_and_nothing_stored(store: ContentStore) -> None:
    with store.writer() as writer:
        writer.write(DATA)
        with pytest.raises(DigestMismatch) as caught:
            writer.commit(OTHER)
    assert (caught.value.expected, caught.value.actual) == (OTHER, DIGEST)
    assert list(store.digests()) == []
    assert partials(store) == []


def test_a_wrong_size_is_refused_and_nothing_stored(store: ContentStore) -> None:
    with store.writer() as writer:
        writer.write(DATA)
        with pytest.raises(SizeMismatch):
            writer.commit(DIGEST, len(DATA) + 1)
    assert list(store.digests()) == []
    assert partials(store) == []


def test_a_blob_is_stored_under_the_algorithm_it_was_asked_for(store: ContentStore) -> None:
    hasher = Digest("sha512:" + "0" * 128).hasher()
    hasher.update(DATA)
    wanted = Digest("sha512:" + hasher.hexdigest())
    with store.writer() as writer:
        writer.write(DATA)
        assert writer.commit(wanted).digest == wanted
    assert store.read(wanted, 100) == DATA


def test_a_missing_blob_says_so(store: ContentStore) -> None:
    assert not store.has(OTHER)
    for use in (store.size, store.open, lambda digest: store.read(digest, 10)):
        with pytest.raises(BlobNotFound) as caught:
            use(OTHER)
        assert caught.value.digest == OTHER
    store.delete(OTHER)


def test_a_document_over_its_limit_is_not_read(store: ContentStore) -> None:
    put(store, DATA)
    assert store.read(DIGEST, len(DATA)) == DATA
    with pytest.raises(BlobTooLarge):
        store.read(DIGEST, len(DATA) - 1)


def test_a_document_that_the_disk_changed_is_not_read(store: ContentStore) -> None:
    store.path(put(store, DATA)).write_bytes(b"some bytez")
    with pytest.raises(DigestMismatch):
        store.read(DIGEST, 100)


def test_a_deleted_blob_is_gone(store: ContentStore) -> None:
    put(store, DATA)
    store.delete(DIGEST)
    assert not store.has(DIGEST)


async def test_chunks_are_ingested_and_verified(store: ContentStore) -> None:
    big = os.urandom(3 << 20)
    blob = await store.ingest(chunked(*(big[i : i + 70_000] for i in range(0, len(big), 70_000))))
    assert blob.digest == Digest.of(big)
    assert store.path(blob.digest).read_bytes() == big


async def test_an_empty_ingest_is_the_empty_blob(store: ContentStore) -> None:
    assert (await store.ingest(chunked(), Digest.of(b""), 0)).size == 0


async def test_ingest_refuses_a_lie(store: ContentStore) -> None:
    with pytest.raises(DigestMismatch):
        await store.ingest(chunked(DATA), OTHER)
    assert list(store.digests()) == []
    assert partials(store) == []


async def test_ingest_stops_when_more_comes_than_was_promised(store: ContentStore) -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        while True:
            seen += 1
            yield bytes(1 << 20)

    with pytest.raises(SizeMismatch):
        await store.ingest(endless(), DIGEST, 3 << 20)
    assert seen == 4
    assert partials(store) == []


async def test_a_source_that_fails_leaves_nothing(store: ContentStore) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield bytes(2 << 20)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.ingest(failing())
    assert partials(store) == []


async def test_a_cancelled_ingest_leaves_nothing(store: ContentStore) -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield bytes(2 << 20)
        await asyncio.sleep(60)

    task = asyncio.create_task(store.ingest(stuck()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert partials(store) == []


def test_a_full_disk_is_one_line_with_a_hint(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with store.writer() as writer:
        monkeypatch.setattr("builder.content.store.os.write", full)
        with pytest.raises(ContentError) as caught:
            writer.write(DATA)
    assert caught.value.errno == errno.ENOSPC
    assert "No space left on device" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "space" in caught.value.hint
    assert partials(store) == []


def test_a_disk_that_fills_at_fsync_stores_nothing(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with store.writer() as writer:
        writer.write(DATA)
        monkeypatch.setattr("builder.content.store.os.fsync", full)
        with pytest.raises(ContentError):
            writer.commit()
    assert list(store.digests()) == []
    assert partials(store) == []


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ContentError, match="cannot open the content store"):
        ContentStore(tmp_path / "file")


KILLED = """
import os, signal, sys
from pathlib import Path
from builder.content import ContentStore
with ContentStore(Path(sys.argv[1])).writer() as writer:
    writer.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_partial_of_a_killed_process_is_swept_and_a_live_one_kept(store: ContentStore) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(store.root)], cwd=Path.cwd())
    with store.writer() as live:
        live.write(DATA)
        assert len(partials(store)) == 2
        ContentStore(store.root)
        assert len(partials(store)) == 1
        assert live.commit().digest == DIGEST
    assert partials(store) == []


WRITES = """
import sys
from pathlib import Path
from builder.content import ContentStore
for number in range(40):
    with ContentStore(Path(sys.argv[1])).writer() as writer:
        writer.write(str(number % 8).encode() * 10_000)
        writer.commit()
"""


def test_many_processes_may_write_the_same_blobs_at_once(tmp_path: Path) -> None:
    root = tmp_path / "store"
    running = [
        subprocess.Popen([sys.executable, "-c", WRITES, str(root)], cwd=Path.cwd())
        for _ in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    store = ContentStore(root)
    assert sorted(store.digests()) == sorted(
        Digest.of(str(number).encode() * 10_000) for number in range(8)
    )
    for digest in store.digests():
        store.read(digest, 20_000)
    assert partials(store) == []
