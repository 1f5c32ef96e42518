"""Contexts that are no directory here: standard input, URLs, repositories, layouts."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from tests.fixtures import images
from tests.fixtures.builds import Builds
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server
from tests.fixtures.repositories import Repository, git_daemon, make

pytestmark = [pytest.mark.integration, pytest.mark.root]

COPY_ALL = "FROM scratch\nCOPY . /c/\n"


def tar(**files: str) -> bytes:
    """An archive of files (``a__b`` is ``a/b``)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


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


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = make(tmp_path / "served" / "repo.git")
    repository.commit(
        Dockerfile=COPY_ALL, sub__Dockerfile="FROM scratch\nCOPY b /\n", sub__b="below"
    )
    return repository


@pytest.fixture
def url(tmp_path: Path, repository: Repository) -> Iterator[str]:
    with git_daemon(tmp_path / "served") as base:
        yield f"{base}/repo.git"


def left(builds: Builds) -> list[str]:
    """What a build has left in its place, but for the time of the last look for garbage."""
    paths = (builds.root / "run").iterdir()
    return [str(path) for path in paths if path.name != "collected"]


def test_a_dockerfile_on_standard_input_has_no_context(builds: Builds) -> None:
    image = builds.image("-", stdin=b"FROM scratch\nCOPY <<EOT /x\nhello\nEOT\n")
    assert image.read("x") == b"hello\n"
    ended = builds.run("-", stdin=b"FROM scratch\nCOPY x /\n")
    assert '"/x": not found' in ended.stderr
    assert left(builds) == []


@pytest.mark.parametrize(
    "compress",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "bzip2", "xz", "zstd"],
)
def test_a_context_on_standard_input(builds: Builds, compress: Callable[[bytes], bytes]) -> None:
    packed = compress(tar(Dockerfile=COPY_ALL, a="hello", **{".dockerignore": "a\n"}))
    image = builds.image("-", stdin=packed)
    assert image.read("c/a") == b"hello"  # as with BuildKit, nothing of it is left out
    assert "[internal] load remote build context" in image.ended.stderr
    assert "load .dockerignore" not in image.ended.stderr
    assert left(builds) == []


def test_a_context_on_standard_input_is_cached_by_its_content(builds: Builds) -> None:
    packed = tar(sub__Other="FROM scratch\nCOPY a /\n", a="hello")
    image = builds.image("-f", "sub/Other", "-", stdin=packed)
    assert image.read("a") == b"hello"
    again = builds.image("-f", "sub/Other", "-", stdin=gzip.compress(packed))
    assert again.ended.steps()["[1/1] COPY a /"] == "CACHED"
    ended = builds.run("-", stdin=packed)
    assert "failed to read dockerfile: open Dockerfile: no such file" in ended.stderr


def test_what_cannot_come_on_standard_input(builds: Builds) -> None:
    ended = builds.run("-f", "-", "-", stdin=b"")
    assert "can't use stdin for both build context and dockerfile" in ended.stderr
    ended = builds.run("-f", "x", "-", stdin=b"FROM scratch\n")
    assert "ambiguous Dockerfile source" in ended.stderr
    ended = builds.run("-", stdin=tar(Dockerfile=COPY_ALL)[:700])
    assert ended.code != 0
    assert "Traceback" not in ended.text


def test_an_archive_that_means_harm_stays_in_its_place(builds: Builds, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("Dockerfile")
        link.type, link.linkname = tarfile.SYMTYPE, f"{'../' * 20}{tmp_path}/secret"
        archive.addfile(link)
        up = tarfile.TarInfo("../../../../../escaped")
        archive.addfile(up)
    ended = builds.run("-", stdin=out.getvalue())
    assert ended.code == 2
    assert "failed to read dockerfile" in ended.stderr
    assert "hunter2" not in ended.text
    assert not list(tmp_path.parent.rglob("escaped")) or all(
        builds.root in path.parents for path in tmp_path.parent.rglob("escaped")
    )


def test_a_context_at_a_url(builds: Builds, files: Files, server: Server) -> None:
    files.files["/c.tgz"] = File(gzip.compress(tar(Dockerfile=COPY_ALL, a="hello")), '"1"')
    for _ in range(2):
        assert builds.image(f"{server.url}/c.tgz").read("c/a") == b"hello"
    assert [seen.method for seen in server.seen] == ["GET", "HEAD"]
    files.files["/Dockerfile"] = File(b"FROM scratch\nCOPY context /\n")
    assert builds.image(f"{server.url}/Dockerfile").read("context").startswith(b"FROM")
    ended = builds.run(f"{server.url}/gone")
    assert ended.code == 1
    assert "failed to load cache key: invalid response status 404" in ended.stderr


def test_a_dockerfile_of_this_machine_for_a_context_at_a_url(
    builds: Builds, files: Files, server: Server, tmp_path: Path
) -> None:
    files.files["/c.tar"] = File(tar(a="hello"))
    (tmp_path / "mine").write_text("FROM scratch\nCOPY a /\n")
    assert builds.image("-f", tmp_path / "mine", f"{server.url}/c.tar").read("a") == b"hello"
    image = builds.image("-f", "-", f"{server.url}/c.tar", stdin=b"FROM scratch\nCOPY a /b\n")
    assert image.read("b") == b"hello"


def test_a_repository_is_a_context(builds: Builds, repository: Repository, url: str) -> None:
    image = builds.image(url)
    assert image.read("c/sub/b") == b"below"
    assert f"[internal] load git source {url}" in image.ended.stderr
    assert not any(".git" in name for name in image.files())
    assert builds.image(f"{url}#main:sub").read("b") == b"below"
    kept = builds.image("--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", url)
    assert "c/.git/HEAD" in kept.files()
    ended = builds.run(f"{url}#gone")
    assert "repository does not contain ref gone" in ended.stderr
    assert left(builds) == []


def test_named_contexts_from_everywhere(
    builds: Builds, files: Files, server: Server, repository: Repository, url: str
) -> None:
    files.files["/f"] = File(b"file")
    layout = images.busybox(builds.directory / "layout")
    context = builds.context(
        "FROM lay\nCOPY --from=git sub/b /git\nCOPY --from=web context /web\n"
        "COPY --from=dir d /dir\nRUN ls /bin/busybox\n"
    )
    directory = builds.directory / "dir"
    directory.mkdir()
    (directory / "d").write_text("dir")
    given = {
        "lay": f"oci-layout://{layout}",
        "git": url,
        "web": f"{server.url}/f",
        "dir": str(directory),
    }
    flags = [
        word for name, value in given.items() for word in ("--build-context", f"{name}={value}")
    ]
    image = builds.image(*flags, context)
    assert [image.read(name) for name in ("git", "web", "dir")] == [b"below", b"file", b"dir"]
    assert "bin/busybox" in image.files()
    assert "[context lay] OCI load from client" in image.ended.stderr


def test_a_named_context_that_is_none(builds: Builds, tmp_path: Path) -> None:
    context = builds.context("FROM x\n")
    (tmp_path / "empty").mkdir()
    for value, text in (
        (f"oci-layout://{tmp_path}/empty", "could not be resolved"),
        (f"oci-layout://{tmp_path}/empty@sha256:1", "invalid digest"),
        (f"oci-layout://{tmp_path}/empty@sha256:{'1' * 64}", "no such file or directory"),
        ("target:other", "unsupported context source"),
        ("/nowhere", "no such directory"),
    ):
        ended = builds.run("--build-context", f"x={value}", context)
        assert ended.code != 0
        assert text in ended.stderr, ended.stderr
        assert "Traceback" not in ended.stderr
