"""ADD of a URL, as a user runs it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.oci.digest import Digest
from tests.fixtures.builds import Builds
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

MODIFIED = "Tue, 01 Sep 2020 10:00:00 GMT"


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    return Builds(tmp_path, "scratch")


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def server(files: Files) -> Iterator[Server]:
    with Server(files) as server:
        yield server


def test_a_download_is_kept_until_it_changes(builds: Builds, files: Files, server: Server) -> None:
    files.files["/tool"] = File(b"one", '"1"', (("Last-Modified", MODIFIED),))
    context = builds.context(f"FROM BASE\nADD {server.url}/tool /bin/\n")
    image = builds.image(context)
    info = image.files()["bin/tool"]
    assert (info.mode, info.mtime, image.read("bin/tool")) == (0o600, 1598954400, b"one")
    again = builds.image(context)
    assert again.digest == image.digest
    assert set(again.ended.steps().values()) == {"CACHED", "DONE"}
    assert [seen.method for seen in server.seen] == ["GET", "HEAD"]
    files.files["/tool"] = File(b"two", '"2"')
    assert builds.image(context).read("bin/tool") == b"two"


def test_a_download_is_unpacked_only_where_that_is_said(
    builds: Builds, files: Files, server: Server
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("inside"))
    files.files["/a.tgz"] = File(packed.getvalue())
    url = f"{server.url}/a.tgz"
    image = builds.image(
        builds.context(f"FROM BASE\nADD --chmod=644 {url} /\nADD --unpack=true {url} /u/\n")
    )
    assert image.read("a.tgz") == packed.getvalue()
    assert image.files()["a.tgz"].mode == 0o644
    assert "u/inside" in image.files()


def test_a_download_that_is_not_what_was_pinned_ends_the_build(
    builds: Builds, files: Files, server: Server
) -> None:
    files.files["/tool"] = File(b"evil")
    pinned = Digest.of(b"good")
    context = builds.context(f"FROM BASE\nADD --checksum={pinned} {server.url}/tool /\n")
    ended = builds.run(context)
    assert ended.code == 1
    assert f"failed to solve: digest mismatch {Digest.of(b'evil')}: {pinned}" in ended.stderr


def test_a_download_that_is_not_there_says_so(builds: Builds, server: Server) -> None:
    ended = builds.run(builds.context(f"FROM BASE\nADD {server.url}/gone /\n"))
    assert ended.code == 1
    assert "failed to load cache key: invalid response status 404" in ended.stderr


def test_a_private_ca_counts_for_downloads_too(
    builds: Builds, files: Files, tmp_path: Path
) -> None:
    files.files["/f"] = File(b"trusted")
    authority = CertificateAuthority("Corp Root")
    (tmp_path / "root.pem").write_bytes(authority.pem)
    with Server(files, tls=authority.issue(ips=["127.0.0.1"]).write(tmp_path)) as server:
        context = builds.context(f"FROM BASE\nADD {server.url}/f /\n")
        ended = builds.run(context)
        assert ended.code == 1
        assert "tls: failed to verify certificate: x509" in ended.stderr
        assert builds.image("--ca", tmp_path / "root.pem", context).read("f") == b"trusted"


def test_the_secrets_of_a_download_stay_out_of_everything(
    builds: Builds, files: Files, server: Server, tmp_path: Path
) -> None:
    files.files["/f"] = File(b"x", login="Bearer hunter2")
    (tmp_path / "token").write_text("hunter2")
    secret = f"id=HTTP_AUTH_TOKEN_127.0.0.1,src={tmp_path / 'token'}"
    image = builds.image("--secret", secret, builds.context(f"FROM BASE\nADD {server.url}/f /\n"))
    assert image.read("f") == b"x"
    assert "hunter2" not in image.ended.text
    assert all(b"hunter2" not in blob for blob in image.blobs.values())
    for path in builds.root.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()
