"""Repositories, servers and surroundings that mean harm: git runs nothing of theirs, and reads
no file of this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.sources.errors import SourceError
from tests.fixtures.gitsources import Sources
from tests.fixtures.registry import Server
from tests.fixtures.registry.messages import Answer, Request
from tests.fixtures.repositories import Repository, git_daemon, make

pytestmark = pytest.mark.integration


@pytest.fixture
def outer(served: Path) -> Repository:
    return make(served / "outer.git")


@pytest.fixture
def url(served: Path, outer: Repository) -> Iterator[str]:
    with git_daemon(served) as base:
        yield f"{base}/outer.git"


@pytest.fixture
def private(tmp_path: Path) -> Repository:
    """A repository of this machine that no build was given."""
    repository = make(tmp_path / "private")
    repository.commit(secret="hunter2")
    return repository


def with_submodule(outer: Repository, commit: str, settings: str) -> None:
    """A gitlink at ``sub``, and a ``.gitmodules`` that says of it what it likes."""
    outer.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    (outer.path / ".gitmodules").write_text(f'[submodule "sub"]\n\tpath = sub\n{settings}\n')
    outer.git("add", ".gitmodules")
    outer.git("commit", "--quiet", "--message", "m")


@pytest.mark.parametrize(
    ("keep", "address"),
    [
        ("true", "file://PRIVATE"),
        ("true", "ext::touch MARKER"),
        ("", "file://PRIVATE"),
        ("", "PRIVATE"),
        ("", "../private"),
        ("", "../../../../private"),
        ("", "ext::touch MARKER"),
        ("", "ext::sh -c touch% MARKER"),
        ("", "ssh://-oProxyCommand=touch MARKER/x"),
        ("", "-u./run;touch MARKER;"),
        ("", "--upload-pack=touch MARKER"),
        ("", "fd::0"),
        ("", "https://-x/y"),
    ],
)
async def test_submodules_come_from_the_network_or_not_at_all(
    sources: Sources,
    outer: Repository,
    url: str,
    private: Repository,
    tmp_path: Path,
    address: str,
    keep: str,
) -> None:
    marker = tmp_path / "marker"
    address = address.replace("PRIVATE", str(private.path)).replace("MARKER", str(marker))
    with_submodule(outer, private.git("rev-parse", "HEAD"), f"\turl = {address}")
    with pytest.raises(SourceError, match="failed to update submodules for"):
        await sources.files(url, keepgitdir=keep)
    assert not marker.exists()
    assert not list((tmp_path / "snapshots").rglob("secret"))


async def test_a_submodule_s_settings_run_nothing(
    sources: Sources, outer: Repository, served: Path, url: str, tmp_path: Path
) -> None:
    inner = make(served / "inner.git")
    marker = tmp_path / "marker"
    with_submodule(outer, inner.commit(i="i"), f"\turl = ../inner.git\n\tupdate = !touch {marker}")
    with pytest.raises(SourceError, match=r"invalid value for 'submodule\.sub\.update'"):
        await sources.files(url)
    assert not marker.exists()


async def test_a_submodule_s_name_leads_nowhere(
    sources: Sources, outer: Repository, served: Path, url: str
) -> None:
    inner = make(served / "inner.git")
    outer.git("update-index", "--add", "--cacheinfo", f"160000,{inner.commit(i='i')},sub")
    (outer.path / ".gitmodules").write_text(
        '[submodule "../../../../escaped"]\n\tpath = sub\n\turl = ../inner.git\n'
    )
    outer.git("add", ".gitmodules")
    outer.git("commit", "--quiet", "--message", "m")
    with pytest.raises(SourceError, match="suspicious submodule name"):
        await sources.files(url)
    assert not list(sources.root.rglob("escaped"))


@pytest.mark.parametrize("mode", ["100644", "120000"])
@pytest.mark.parametrize("name", [".git", ".GIT", "git~1"])
async def test_a_tree_cannot_bring_a_repository_of_its_own(
    sources: Sources, outer: Repository, url: str, tmp_path: Path, name: str, mode: str
) -> None:
    """git checks out no such entry. Were ``.git`` a link, what follows would write through it."""
    (outer.path / "content").write_text(str(tmp_path / "private"))
    blob = outer.git("hash-object", "-w", "content")
    (outer.path / "list").write_text(f"{mode} blob {blob}\t{name}\n")
    with (outer.path / "list").open() as listed:
        made = subprocess.run(
            ["git", "mktree"], cwd=outer.path, stdin=listed, capture_output=True, check=True
        )
    tree = made.stdout.decode().strip()
    commit = outer.git("commit-tree", "-m", "m", tree)
    outer.git("update-ref", "refs/heads/main", commit)
    with pytest.raises(SourceError, match="invalid path"):
        await sources.files(url)


async def test_links_of_a_repository_stay_links(
    sources: Sources, outer: Repository, url: str, private: Repository
) -> None:
    (outer.path / "out").symlink_to(private.path / "secret")
    (outer.path / "dir").symlink_to(private.path)
    outer.commit(a="a")
    for attrs in ({}, {"keepgitdir": "true"}):
        id = await sources.tree(url, **attrs).snapshot(sources.log)
        with sources.snapshots.view(id) as root:
            assert (root / "out").is_symlink()
            assert (root / "dir").is_symlink()
    assert (private.path / "secret").read_text() == "hunter2"


async def test_what_this_user_s_git_is_told_does_not_count(
    sources: Sources, outer: Repository, url: str, tmp_path: Path
) -> None:
    outer.commit(a="a", **{".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    marker = tmp_path / "marker"
    hook = tmp_path / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    hook.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {hook.parent}\n\tgitProxy = {hook}\n"
        f'[filter "evil"]\n\tsmudge = {hook}\n[init]\n\ttemplateDir = {hook.parent}\n'
        f'[url "file:///"]\n\tinsteadOf = git://\n'
    )
    sources.environ.update(
        HOME=str(tmp_path),
        XDG_CONFIG_HOME=str(tmp_path),
        GIT_CONFIG_GLOBAL=str(tmp_path / ".gitconfig"),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="core.hooksPath",
        GIT_CONFIG_VALUE_0=str(hook.parent),
        GIT_CONFIG_PARAMETERS=f"'core.hookspath'='{hook.parent}'",
        GIT_PROXY_COMMAND=str(hook),
        GIT_SSH_COMMAND=str(hook),
        GIT_ASKPASS=str(hook),
        SSH_ASKPASS=str(hook),
        GIT_TEMPLATE_DIR=str(hook.parent),
        GIT_EXEC_PATH=str(hook.parent),
        GIT_DIR=str(tmp_path),
        GIT_INDEX_FILE=str(tmp_path / "index"),
        GIT_TRACE=str(tmp_path / "trace"),
        GIT_ALLOW_PROTOCOL="file:ext",
    )
    for attrs in ({}, {"keepgitdir": "true"}):
        id = await sources.tree(url, **attrs).snapshot(sources.log)
        with sources.snapshots.view(id) as root:
            assert (root / "a").read_text() == "a"
            assert not (root / ".git" / "hooks").exists()
    assert not marker.exists()
    assert not (tmp_path / "trace").exists()
    assert not (tmp_path / "index").exists()


class Says:
    """A server that answers the first question of a fetch with lines of its own."""

    def __init__(self, *lines: bytes, location: str = "") -> None:
        self._lines = lines
        self._location = location

    def answer(self, request: Request) -> Answer:
        if self._location:
            return Answer(302, (("Location", self._location),))
        body = b"".join(
            b"%04x%b" % (len(line) + 4, line) if line else b"0000"
            for line in (b"# service=git-upload-pack\n", b"", *self._lines, b"")
        )
        return Answer(200, (("Content-Type", "application/x-git-upload-pack-advertisement"),), body)


@pytest.mark.parametrize(
    "branch", ["-x", "--upload-pack=touch MARKER", "../../../x", "a b", "$(touch MARKER)", "x\n"]
)
async def test_a_server_s_default_branch_is_only_a_name(
    sources: Sources, tmp_path: Path, branch: str
) -> None:
    marker = tmp_path / "marker"
    name = f"refs/heads/{branch}".replace("MARKER", str(marker)).encode()
    sha = b"1" * 40
    lines = (
        sha + b" HEAD\0symref=HEAD:" + name + b" agent=x\n",
        sha + b" " + name + b"\n",
    )
    with Server(Says(*lines)) as server, pytest.raises(SourceError):
        await sources.files(f"{server.url}/a.git")
    assert not marker.exists()


@pytest.mark.parametrize("target", ["file:///etc", "ftp://127.0.0.1/x", "ext::sh"])
async def test_a_server_cannot_send_git_to_files(sources: Sources, target: str) -> None:
    with Server(Says(location=target)) as server, pytest.raises(SourceError):
        await sources.files(f"{server.url}/a.git")


async def test_a_mirror_that_a_crash_left_half_written_is_made_again(
    sources: Sources, outer: Repository, url: str
) -> None:
    outer.commit(a="one")
    await sources.files(url)
    (mirror,) = (path for path in (sources.root / "git").iterdir() if path.is_dir())
    kept = next((mirror / "refs" / "kept").iterdir()).name
    for name in ("shallow.lock", "HEAD.lock", f"refs/kept/{kept}.lock", "objects/pack/tmp_pack_x"):
        (mirror / name).write_text("")
    outer.commit(a="two")
    assert (await sources.files(url))["a"] == "two"
    assert not list(mirror.rglob("tmp_pack*"))
    for pack in (mirror / "objects").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(b"")
    (mirror / "HEAD").write_text("")
    outer.commit(a="three")
    assert (await sources.files(url))["a"] == "three"
