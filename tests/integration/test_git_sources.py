"""Git sources against git's own servers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.sources.errors import SourceError
from builder.transport import RootPool
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.gitsources import Sources
from tests.fixtures.registry import Server
from tests.fixtures.registry.messages import Answer, Request
from tests.fixtures.repositories import (
    TIME,
    HttpBackend,
    Repository,
    git_daemon,
    make,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def url(served: Path, repository: Repository) -> Iterator[str]:
    with git_daemon(served) as base:
        yield f"{base}/repo.git"


async def test_the_default_branch_is_what_a_bare_url_means(
    sources: Sources, repository: Repository, url: str
) -> None:
    head = repository.git("rev-parse", "HEAD")
    assert await sources.key(url) == head
    assert await sources.files(url) == {"a": "one", "sub/b": "below"}
    assert await sources.key(url, keepgitdir="true") == f"{head}.git#refs/heads/main"


async def test_refs_are_found_as_buildkit_finds_them(
    sources: Sources, repository: Repository, url: str
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "plain")
    repository.git("tag", "-a", "-m", "t", "noted")
    tag = repository.git("rev-parse", "noted")
    repository.git("checkout", "--quiet", "-b", "feature/main")
    second = repository.commit(a="two")
    repository.git("tag", "feature/main")  # a branch of that name wins
    third = repository.commit(a="three")
    expected = {
        "main": first,
        "refs/heads/main": first,
        "heads/main": first,
        "plain": first,
        "refs/tags/plain": first,
        "noted": first,
        "refs/tags/noted": first,
        "feature/main": third,
        "tags/feature/main": second,
        first: first,
    }
    assert {ref: await sources.key(f"{url}#{ref}") for ref in expected} == expected
    assert await sources.key(f"{url}#noted", keepgitdir="true") == f"{tag}.git#refs/tags/noted"
    assert (await sources.files(f"{url}#noted"))["a"] == "one"
    assert (await sources.files(f"{url}#feature/main"))["a"] == "three"
    with pytest.raises(SourceError, match='repository does not contain ref gone, output: ""'):
        await sources.key(f"{url}#gone")


async def test_a_branch_that_moves_is_followed(
    sources: Sources, repository: Repository, url: str
) -> None:
    assert (await sources.files(url))["a"] == "one"
    repository.commit(a="two")
    assert (await sources.files(url))["a"] == "two"
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.commit(a="three")
    assert (await sources.files(url))["a"] == "three"


async def test_a_branch_that_moves_during_the_build_does_not_change_it(
    sources: Sources, repository: Repository, url: str
) -> None:
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    tree = sources.tree(url)
    key = await tree.key(sources.log)
    repository.commit(a="two")
    id = await tree.snapshot(sources.log)
    with sources.snapshots.view(id) as root:
        assert (root / "a").read_text() == "one"
    assert key != repository.git("rev-parse", "HEAD")


async def test_a_commit_is_fetched_by_its_id_where_the_server_lets_us(
    sources: Sources, repository: Repository, url: str
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit(a="two")
    assert (await sources.files(f"{url}#{first}"))["a"] == "one"
    shutil.rmtree(sources.root / "git")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    assert (await sources.files(f"{url}#{first}"))["a"] == "one"
    with pytest.raises(SourceError, match="repository does not contain ref 111"):
        await sources.files(f"{url}#{'1' * 40}")


async def test_what_is_fetched_is_one_commit_deep(
    sources: Sources, repository: Repository, url: str
) -> None:
    for n in range(5):
        repository.commit(a=str(n))
    await sources.files(url)
    (mirror,) = (sources.root / "git").glob("[0-9a-f]*[0-9a-f]")
    counted = subprocess.run(
        ["git", f"--git-dir={mirror}", "rev-list", "--count", "--all"],
        capture_output=True,
        text=True,
    )
    assert counted.stdout.strip() == "1"


async def test_checksums(sources: Sources, repository: Repository, url: str) -> None:
    head = repository.git("rev-parse", "HEAD")
    repository.git("tag", "-a", "-m", "t", "noted")
    tag = repository.git("rev-parse", "noted")
    for ref, checksum in (("main", head[:8]), ("noted", head), ("noted", tag), (head, head)):
        assert (await sources.files(f"{url}#{ref}", checksum=checksum))["a"] == "one"
    wrong = "f" * 40
    for ref, found in (("main", head), ("noted", f"{tag} or {head}"), (head, head)):
        with pytest.raises(SourceError) as refused:
            await sources.files(f"{url}#{ref}", checksum=wrong)
        assert str(refused.value) == f"expected checksum to match {wrong}, got {found}"


async def test_fetch_by_commit_asks_for_nothing_else(
    sources: Sources, repository: Repository, url: str
) -> None:
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    first = repository.git("rev-parse", "HEAD")
    repository.commit(a="two")
    pinned = {"fetchbycommit": "true", "checksum": first}
    assert await sources.key(f"{url}#main", **pinned) == first
    assert (await sources.files(f"{url}#main", **pinned))["a"] == "one"
    named = await sources.in_tree(f"{url}#main", "rev-parse", "refs/heads/main", **pinned)
    assert named == first
    for attrs, text in (
        ({}, "fetch-by-commit requires a checksum or a commit SHA ref"),
        ({"checksum": first[:8]}, "fetch-by-commit requires a full commit SHA checksum"),
    ):
        with pytest.raises(SourceError, match=text):
            await sources.key(f"{url}#main", fetchbycommit="true", **attrs)


@pytest.mark.parametrize(
    ("ref", "refs"),
    [
        ("", "refs/heads/main refs/tags/main"),
        ("main", "refs/heads/main refs/tags/main"),
        ("refs/heads/main", "refs/heads/main refs/tags/refs/heads/main"),
        ("plain", "refs/heads/plain refs/tags/plain"),
        ("noted", "refs/tags/noted"),
        ("refs/tags/noted", "refs/tags/noted"),
    ],
)
async def test_a_kept_repository_has_the_name_and_the_origin_that_were_asked_for(
    sources: Sources, repository: Repository, url: str, ref: str, refs: str
) -> None:
    repository.git("tag", "plain")
    repository.git("tag", "-a", "-m", "t", "noted")
    repository.commit()
    if ref in ("", "main", "refs/heads/main"):
        head = repository.git("rev-parse", "HEAD")
    else:
        head = repository.git("rev-parse", "HEAD~1")
    at = f"{url}#{ref}"
    assert await sources.in_tree(at, "rev-parse", "HEAD") == head
    listed = await sources.in_tree(at, "for-each-ref", "--format=%(refname)")
    assert listed.split() == refs.split()
    assert await sources.in_tree(at, "status", "--porcelain") == ""
    assert await sources.in_tree(at, "remote", "get-url", "origin") == url
    assert await sources.in_tree(at, "log", "--format=%h", "--all", "--oneline") != ""


async def test_a_kept_repository_of_a_commit_has_no_name(
    sources: Sources, repository: Repository, url: str
) -> None:
    head = repository.git("rev-parse", "HEAD")
    assert await sources.in_tree(f"{url}#{head}", "for-each-ref") == ""
    assert await sources.in_tree(f"{url}#{head}", "rev-parse", "HEAD") == head


async def test_a_kept_repository_says_nothing_of_this_machine(
    sources: Sources, repository: Repository, url: str
) -> None:
    id = await sources.tree(url, keepgitdir="true").snapshot(sources.log)
    with sources.snapshots.view(id) as root:
        for path in root.rglob("*"):
            if path.is_file():
                assert str(sources.root).encode() not in path.read_bytes(), path


async def test_a_directory_of_the_repository(
    sources: Sources, repository: Repository, url: str
) -> None:
    (repository.path / "link").symlink_to("sub")
    (repository.path / "out").symlink_to("/etc")
    repository.commit()
    assert await sources.files(f"{url}#:sub") == {"b": "below"}
    assert await sources.files(f"{url}#:../../sub/") == {"b": "below"}
    assert await sources.files(f"{url}#:sub", keepgitdir="true") == {"b": "below"}
    for subdir, text in (
        ("gone", 'failed to lstat "gone": statat gone: no such file or directory'),
        ("link", 'git subpath "link" contains non-directory "link"'),
        ("out", 'contains non-directory "out"'),
        ("a", 'contains non-directory "a"'),
    ):
        with pytest.raises(SourceError, match=f"invalid subdir {subdir}: .*{text}"):
            await sources.files(f"{url}#:{subdir}")


async def test_times_may_be_those_of_the_commit(
    sources: Sources, repository: Repository, url: str
) -> None:
    (repository.path / "link").symlink_to("sub")
    (repository.path / "toa").symlink_to("a")
    repository.commit()
    for attrs in ({}, {"keepgitdir": "true"}):
        id = await sources.tree(url, mtime="commit", **attrs).snapshot(sources.log)
        with sources.snapshots.view(id) as root:
            times = {path.lstat().st_mtime_ns for path in [root, *root.rglob("*")]}
        assert times == {TIME * 10**9}


async def test_repositories_of_sha256(sources: Sources, served: Path) -> None:
    repository = make(served / "new.git", sha256=True)
    head = repository.commit(a="long")
    with git_daemon(served) as base:
        assert await sources.key(f"{base}/new.git") == head
        assert await sources.files(f"{base}/new.git") == {"a": "long"}
        assert await sources.in_tree(f"{base}/new.git", "rev-parse", "HEAD") == head


async def test_submodules_come_along(sources: Sources, served: Path) -> None:
    inner, outer = make(served / "inner.git"), make(served / "outer.git")
    inner.commit(i="inner")
    with git_daemon(served) as base:
        outer.git("submodule", "--quiet", "add", f"{base}/inner.git", "mods/one")
        outer.git("config", "-f", ".gitmodules", "submodule.mods/one.url", "../inner.git")
        outer.commit(o="outer")
        url = f"{base}/outer.git"
        found = await sources.files(url)
        assert {name for name in found if name != ".gitmodules"} == {"o", "mods/one/i"}
        assert "mods/one/i" not in await sources.files(url, skipsubmodules="true")
        assert await sources.files(f"{url}#:mods/one") == {"i": "inner"}
        said = await sources.in_tree(url, "submodule", "status", "--recursive")
        assert said.split()[:2] == [inner.git("rev-parse", "HEAD"), "mods/one"]


async def test_https_by_a_private_ca(
    sources: Sources, served: Path, repository: Repository, tmp_path: Path
) -> None:
    authority = CertificateAuthority("Corp Root")
    tls = authority.issue(ips=["127.0.0.1"]).write(tmp_path)
    with Server(HttpBackend(served), tls=tls) as server:
        url = f"{server.url}/repo.git"
        with pytest.raises(SourceError, match=r"(?s)git stderr:.*exit status 128"):
            await sources.files(url)
        sources.roots = RootPool().with_pem(authority.pem, "ca")
        assert (await sources.files(url))["a"] == "one"


async def test_servers_of_plain_files(
    sources: Sources, served: Path, repository: Repository
) -> None:
    repository.git("update-server-info")

    class Plain:
        def answer(self, request: Request) -> Answer:
            path = served / request.path.lstrip("/")
            if not path.is_file():
                return Answer(404)
            return Answer(200, (("Content-Type", "text/plain"),), path.read_bytes())

    with Server(Plain()) as server:
        assert (await sources.files(f"{server.url}/repo.git/.git#main"))["a"] == "one"


async def test_cancelled_it_leaves_nothing_running(sources: Sources, tmp_path: Path) -> None:
    import asyncio

    from tests.fixtures.builds import processes

    async def silent(reader: Any, writer: Any) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    task = asyncio.ensure_future(sources.files(f"http://127.0.0.1:{port}/a.git"))

    def ours() -> list[int]:
        return processes(
            # Its guard, a shell, is killed with it too, but holds nothing that one would wait for.
            lambda words: words[0] != "/bin/sh" and any(f":{port}/a.git" in word for word in words)
        )

    while not ours():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ours() == []
    server.close()
