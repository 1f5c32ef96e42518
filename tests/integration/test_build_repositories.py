"""ADD of repositories, and steps that use an agent, as a user runs them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.repositories import Repository, git_daemon, make

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    return Builds(tmp_path, "scratch")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = make(tmp_path / "served" / "repo.git")
    repository.commit(a="one", sub__b="below")
    return repository


@pytest.fixture
def url(tmp_path: Path, repository: Repository) -> Iterator[str]:
    with git_daemon(tmp_path / "served") as base:
        yield f"{base}/repo.git"


def test_a_repository_is_added_and_cached_by_its_commit(
    builds: Builds, repository: Repository, url: str
) -> None:
    context = builds.context(f"FROM BASE\nADD {url} /src/\nADD {url}?subdir=sub /sub/\n")
    image = builds.image(context)
    assert (image.read("src/a"), image.read("sub/b")) == (b"one", b"below")
    assert not any(".git" in name for name in image.files())
    assert "refs/heads/main" in image.ended.stderr
    again = builds.image(context)
    assert again.digest == image.digest
    repository.commit(a="two")
    assert builds.image(context).read("src/a") == b"two"


def test_a_repository_is_kept_where_that_is_asked_for(
    builds: Builds, repository: Repository, url: str
) -> None:
    head = repository.git("rev-parse", "HEAD")
    image = builds.image(builds.context(f"FROM BASE\nADD --keep-git-dir=true {url} /src/\n"))
    assert image.read("src/.git/HEAD").decode().strip() == head
    checksum = "f" * 40
    ended = builds.run(builds.context(f"FROM BASE\nADD --checksum={checksum} {url} /\n"))
    assert f"expected checksum to match {checksum}, got {head}" in ended.stderr


def test_a_repository_that_is_not_there_says_what_git_said(builds: Builds, url: str) -> None:
    ended = builds.run(builds.context(f"FROM BASE\nADD {url}x.git /\n"))
    assert ended.code == 1
    assert f"error fetching default branch for repository {url}x.git: git stderr:" in ended.stderr
    assert "exit status 128" in ended.stderr


def put_program(program: str, root: Path) -> None:
    """A program of this machine and the libraries it loads, below ``root``."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in (program, *re.findall(r"(/\S+) \(0x", listed)):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def test_a_step_signs_with_an_agent_that_is_lent(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text()
    server, base = serve_base(tmp_path)
    with server:
        builds = Builds(tmp_path, base)
        context = builds.context(
            "FROM BASE\nCOPY root /\nCOPY key.pub /\n"
            "RUN --mount=type=ssh,required=true,mode=0640,gid=7 ls -ln $SSH_AUTH_SOCK &&"
            " ssh-add -L && ssh-add -T /key.pub && ! ssh-add -D\n",
            **{"key.pub": public},
        )
        put_program("/usr/bin/ssh-add", context / "root")
        ended = builds.run(context)
        assert 'no SSH key "default" forwarded from the client' in ended.stderr
        ended = builds.run("--ssh", f"default={key}", context)
        assert ended.code == 0, ended.text
        assert "srw-r-----    1 0        7 " in ended.stderr
        assert public.split()[1] in ended.stderr
        optional = builds.context("FROM BASE\nRUN --mount=type=ssh test ! -e $SSH_AUTH_SOCK\n")
        assert builds.run(optional).code == 0
        private = key.read_bytes().splitlines()[1]
        for path in builds.root.rglob("*"):
            assert not path.is_file() or private not in path.read_bytes()
