"""``--offline``: what the store has is used, and nobody is asked for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server
from tests.fixtures.repositories import git_daemon, make

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = "FROM BASE\nCOPY a /a\nRUN cat /a > /b; cat /sys/class/net/*/address > /net\n"


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


@pytest.fixture
def once_built(tmp_path: Path) -> Builds:
    """A state directory that knows the base, whose registry is gone."""
    server, base = serve_base(tmp_path)
    builds = Builds(tmp_path, base)
    with server:
        ended = builds.run("-o", "type=cacheonly", builds.context("FROM BASE\nRUN true\n"))
    assert ended.code == 0, ended.text
    return builds


def test_a_base_that_was_pulled_before_is_used(once_built: Builds) -> None:
    image = once_built.image("--offline", once_built.context(DOCKERFILE, a="x"))
    assert image.read("b") == b"x"


def test_steps_have_no_network_and_are_cached_all_the_same(once_built: Builds) -> None:
    context = once_built.context(DOCKERFILE, a="x")
    image = once_built.image("--offline", context)
    assert image.read("net").split() == [b"00:00:00:00:00:00"]
    again = once_built.run("--offline", context)
    assert set(again.steps().values()) & {"CACHED"} == {"CACHED"}


@pytest.mark.parametrize("preflight", ["auto", "off"])
def test_all_that_is_missing_is_named_and_nobody_is_asked(builds: Builds, preflight: str) -> None:
    dockerfile = "FROM BASE AS one\nFROM BASE\nCOPY --from=one /bin/busybox /b\n"
    ended = builds.run("--offline", "--preflight", preflight, builds.context(dockerfile))
    assert ended.code == 1
    assert f"{builds.base}: it is not in the local store, and offline no registry is asked" in (
        ended.text
    )


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--pull"], "--pull"),
        (["--push", "-t", "registry.example/a:1"], "--push"),
        (["--cache-from", "registry.example/a:cache"], "the cache registry.example/a:cache"),
        (["--network", "host"], "--network=host"),
    ],
)
def test_what_would_need_a_network_is_refused(builds: Builds, flags: list[str], named: str) -> None:
    ended = builds.run("--offline", *flags, builds.context("FROM BASE\n"))
    assert ended.code == 2
    assert f"--offline: {named} would need a network" in ended.text


def test_a_download_of_before_is_used_and_another_is_named(tmp_path: Path) -> None:
    builds = Builds(tmp_path, "scratch")
    with Server(Files({"/f": File(b"one", '"1"')})) as server:
        context = builds.context(f"FROM scratch\nADD {server.url}/f /\n")
        assert builds.image(context).read("f") == b"one"
        asked = len(server.seen)
        assert builds.image("--offline", context).read("f") == b"one"
        missing = builds.run("--offline", builds.context(f"FROM scratch\nADD {server.url}/g /\n"))
        assert len(server.seen) == asked
    assert missing.code == 1
    assert f"offline: GET {server.url}/g was not sent" in missing.text


def test_a_commit_that_was_fetched_is_there_and_a_branch_is_not_asked_for(tmp_path: Path) -> None:
    builds = Builds(tmp_path, "scratch")
    repository = make(tmp_path / "served" / "repo.git")
    repository.commit(a="one")
    commit = repository.git("rev-parse", "HEAD")
    with git_daemon(tmp_path / "served") as base:
        url = f"{base}/repo.git"
        pinned = builds.context(f"FROM scratch\nADD {url}#{commit} /g\n")
        builds.image(pinned)
    assert builds.image("--offline", "--no-cache", pinned).read("g/a") == b"one"
    moving = builds.run("--offline", builds.context(f"FROM scratch\nADD {url}#main /g\n"))
    assert moving.code == 1
    assert "offline" in moving.text
