"""Downloads: what they are called, when they are fetched again, and what they tell nobody."""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from builder.oci.digest import Digest
from builder.snapshot.copying import CopySnapshotter
from builder.sources.downloads import Downloads
from builder.sources.errors import SourceError
from builder.sources.http import HttpFile, HttpSource
from builder.sources.requested import Requested
from builder.transport import RootPool, TransportError, Trust
from builder.transport.transport import Transport
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server
from tests.fixtures.registry.messages import Answer

MODIFIED = "Tue, 01 Sep 2020 10:00:00 GMT"


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def server(files: Files) -> Iterator[Server]:
    with Server(files) as server:
        yield server


@pytest.fixture
def secrets() -> dict[str, bytes]:
    return {}


@pytest.fixture
async def source(tmp_path: Path, secrets: dict[str, bytes]) -> AsyncIterator[HttpSource]:
    downloads = Downloads(tmp_path / "state.db")
    async with Transport(environ={}, trust=Trust(RootPool())) as transport:
        with CopySnapshotter(tmp_path / "snapshots") as snapshots:
            yield HttpSource(
                transport,
                lambda: Trust(RootPool()),
                downloads,
                snapshots,
                secrets.get,
            )
    downloads.close()


def read(source: HttpSource, snapshot: str) -> dict[str, bytes]:
    with source.snapshots.view(snapshot) as root:
        return {path.name: path.read_bytes() for path in root.iterdir()}


async def test_a_file_is_kept_under_the_name_and_time_that_it_has(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/a/tool.bin"] = File(b"tool", headers=(("Last-Modified", MODIFIED),))
    file = HttpFile(source, Requested(f"{server.url}/a/tool.bin", perm=0o755, uid=7, gid=8))
    snapshot = await file.snapshot()
    with source.snapshots.view(snapshot) as root:
        info = (root / "tool.bin").stat()
        assert (root / "tool.bin").read_bytes() == b"tool"
    assert stat.S_IMODE(info.st_mode) == 0o755
    assert (info.st_uid, info.st_gid, int(info.st_mtime)) == (7, 8, 1598954400)


async def test_a_file_without_a_date_is_of_the_epoch_and_its_owner_s_alone(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"x")
    snapshot = await HttpFile(source, Requested(f"{server.url}/f")).snapshot()
    with source.snapshots.view(snapshot) as root:
        info = (root / "f").stat()
    assert (stat.S_IMODE(info.st_mode), info.st_mtime_ns) == (0o600, 0)


async def test_the_key_is_that_of_buildkit(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"x", headers=(("Last-Modified", MODIFIED),))
    key = await HttpFile(source, Requested(f"{server.url}/f", filename="g")).key()
    checksum = Digest.of(b"x")
    expected = (
        '{"Filename":"g","Perm":0,"UID":0,"GID":0,'
        f'"Checksum":"{checksum}","LastModTime":"{MODIFIED}"}}'
    )
    assert key == Digest.of(expected.encode())


@pytest.mark.parametrize("knows_etags", [True, False])
async def test_an_unchanged_file_is_fetched_once(
    files: Files, server: Server, source: HttpSource, knows_etags: bool
) -> None:
    file = files.files["/f"] = File(b"one", 'W/"1"', (("Last-Modified", MODIFIED),), knows_etags)
    wanted = Requested(f"{server.url}/f")
    first = HttpFile(source, wanted)
    key, snapshot = await first.key(), await first.snapshot()
    again = HttpFile(source, wanted)
    assert (await again.key(), await again.snapshot()) == (key, snapshot)
    assert [seen.method for seen in server.seen] == ["GET", "HEAD"]
    assert server.seen[-1].header("If-None-Match") == '"1"'
    file.body, file.etag = b"two", '"2"'
    changed = HttpFile(source, wanted)
    assert await changed.key() != key
    assert read(source, await changed.snapshot()) == {"f": b"two"}


async def test_a_server_that_refuses_head_is_asked_with_the_etag(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"one", '"1"')
    wanted = Requested(f"{server.url}/f")
    key = await HttpFile(source, wanted).key()
    files.files["/f"] = Answer(304)  # no ETag: it means the only one that was named
    assert await HttpFile(source, wanted).key() == key


async def test_a_304_for_what_was_never_named_is_no_file(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = Answer(304, (("ETag", '"9"'),))
    with pytest.raises(SourceError, match='invalid not-modified ETag: "9"'):
        await HttpFile(source, Requested(f"{server.url}/f")).key()


async def test_with_a_checksum_nothing_is_asked_before_the_file_is_needed(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"right")
    file = HttpFile(source, Requested(f"{server.url}/f", Digest.of(b"right")))
    await file.key()
    assert server.seen == []
    assert read(source, await file.snapshot()) == {"f": b"right"}


async def test_a_file_that_is_not_the_one_of_the_checksum_is_refused(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"wrong")
    file = HttpFile(source, Requested(f"{server.url}/f", Digest.of(b"right")))
    with pytest.raises(SourceError) as refused:
        await file.snapshot()
    assert str(refused.value) == f"digest mismatch {Digest.of(b'wrong')}: {Digest.of(b'right')}"


@pytest.mark.parametrize("status", [404, 500, 403])
async def test_a_status_that_brings_no_file_is_named(
    files: Files, server: Server, source: HttpSource, status: int
) -> None:
    files.files["/f"] = Answer(status, body=b"an error page")
    with pytest.raises(SourceError, match=f"^invalid response status {status}$"):
        await HttpFile(source, Requested(f"{server.url}/f")).key()


async def test_a_file_that_breaks_off_leaves_nothing_behind(
    files: Files, server: Server, source: HttpSource, tmp_path: Path
) -> None:
    files.files["/f"] = Answer(200, body=b"x" * 100_000, cut_after=50_000)
    with pytest.raises(TransportError):
        await HttpFile(source, Requested(f"{server.url}/f")).key()
    assert not list((tmp_path / "snapshots").rglob("f"))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename=".."', "download"),
        ("attachment; filename*=UTF-8''n%C3%A4me", "näme"),
        ("attachment", "url-name"),
    ],
)
async def test_a_name_that_the_server_gives_stays_a_name(
    files: Files, server: Server, source: HttpSource, header: str, name: str
) -> None:
    files.files["/x/url-name"] = File(b"x", headers=(("Content-Disposition", header),))
    file = HttpFile(source, Requested(f"{server.url}/x/url-name"))
    assert read(source, await file.snapshot()) == {name: b"x"}


async def test_gzip_that_only_the_transport_knows_of_is_undone(
    files: Files, server: Server, source: HttpSource
) -> None:
    plain = os.urandom(1000) + bytes(3_000_000)
    packed = gzip.compress(plain[:2_000_000]) + gzip.compress(plain[2_000_000:])
    files.files["/f"] = File(packed, headers=(("Content-Encoding", "gzip"),))
    file = HttpFile(source, Requested(f"{server.url}/f"))
    assert read(source, await file.snapshot()) == {"f": plain}
    files.files["/f"] = File(packed[:-9], headers=(("Content-Encoding", "gzip"),))
    with pytest.raises(SourceError, match="unexpected EOF"):
        await HttpFile(source, Requested(f"{server.url}/f")).key()


async def test_the_secrets_of_a_host_go_to_it(
    files: Files, server: Server, source: HttpSource, secrets: dict[str, bytes]
) -> None:
    files.files["/f"] = File(b"x", login="Basic Zm9v")
    wanted = Requested(f"{server.url}/f")
    with pytest.raises(SourceError, match="status 401") as refused:
        await HttpFile(source, wanted).key()
    assert "HTTP_AUTH_TOKEN_127.0.0.1" in refused.value.hint
    secrets["HTTP_AUTH_HEADER_127.0.0.1"] = b"Basic Zm9v"
    await HttpFile(source, wanted).key()
    secrets["HTTP_AUTH_TOKEN_127.0.0.1"] = b"t0ken"
    files.files["/f"] = File(b"x", login="Bearer t0ken")
    await HttpFile(source, wanted).key()


async def test_a_secret_that_would_end_its_header_is_refused(
    server: Server, source: HttpSource, secrets: dict[str, bytes]
) -> None:
    secrets["HTTP_AUTH_HEADER_127.0.0.1"] = b"Basic Zm9v\r\nX-Other: 1"
    with pytest.raises(SourceError, match="line break") as refused:
        await HttpFile(source, Requested(f"{server.url}/f")).key()
    assert "Zm9v" not in str(refused.value)
    assert server.seen == []


async def test_a_login_does_not_follow_a_redirect_to_another_host(
    files: Files, server: Server, source: HttpSource, secrets: dict[str, bytes]
) -> None:
    secrets["HTTP_AUTH_TOKEN_127.0.0.1"] = b"t0ken"
    with Server(Files({"/there": File(b"x")}), listen=("127.0.0.2", 0)) as other:
        files.files["/f"] = Answer(302, (("Location", f"{other.url}/there"),))
        file = HttpFile(source, Requested(f"{server.url}/f"))
        assert read(source, await file.snapshot()) == {"f": b"x"}
        assert server.seen[0].header("Authorization") == "Bearer t0ken"
        assert other.seen[0].header("Authorization") == ""


async def test_a_login_in_the_url_is_used_and_never_shown(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"x", login="Basic bWU6aHVudGVyMg==")
    url = f"http://me:hunter2@{server.authority}/f"
    await HttpFile(source, Requested(url)).key()
    with pytest.raises(SourceError) as refused:
        await HttpFile(source, Requested(url.replace("hunter2", "hunter3"), uid=1)).key()
    assert "hunter3" not in str(refused.value) + refused.value.hint


async def test_what_was_fetched_for_its_key_alone_is_taken_away(
    files: Files, server: Server, source: HttpSource
) -> None:
    files.files["/f"] = File(b"x")
    file = HttpFile(source, Requested(f"{server.url}/f"))
    await file.key()
    file.discard()
    assert read(source, await file.snapshot()) == {"f": b"x"}  # fetched again
    kept = await file.snapshot()
    file.discard()
    assert source.snapshots.exists(kept)


async def test_a_file_of_this_machine_is_no_source(source: HttpSource) -> None:
    with pytest.raises(SourceError, match="nothing was sent along"):
        await HttpFile(source, Requested("http://buildkit-session/x")).key()
