"""Layers of base images that nobody reads: not unpacked, and fetched only where they must be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.registry import Registry, Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

METADATA = "FROM BASE\nENV A=b\nLABEL c=d\n"
LINKED = "FROM BASE\nCOPY --link a /linked\nCOPY --link a /dir/\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


@pytest.fixture
def builds(server: tuple[Server, str], tmp_path: Path) -> Builds:
    return Builds(tmp_path, server[1])


def config_of(server: Server) -> str:
    """The digest of the base image's config, the only blob that a build must have."""
    return next(seen.path for seen in server.requests("GET", "/blobs/")).rpartition("/")[2]


def fetched(server: Server) -> list[str]:
    """Layers that were downloaded."""
    config = config_of(server)
    return [s.path for s in server.requests("GET", "/blobs/") if not s.path.endswith(config)]


def trees(builds: Builds) -> int:
    """Snapshots of the base image."""
    return len(list((builds.root / "snapshots").rglob("busybox")))


@pytest.mark.parametrize("dockerfile", [METADATA, LINKED])
def test_a_push_to_the_registry_of_the_base_mounts_its_layers(
    builds: Builds, server: tuple[Server, str], dockerfile: str
) -> None:
    registry, _ = server
    name = f"{registry.authority}/apps/one:1"
    ended = builds.run("-t", name, "--push", builds.context(dockerfile, a="a"))
    assert ended.code == 0, ended.text
    assert fetched(registry) == []
    assert trees(builds) == 0
    assert any("mount=" in seen.target for seen in registry.requests("POST"))
    # what was pushed is whole
    other = Builds(builds.directory / "other", name)
    other.directory.mkdir()
    image = other.image(other.context("FROM BASE\nRUN echo $A >/a; ls / /dir >/ls || true\n"))
    if dockerfile == METADATA:
        assert image.read("a") == b"b\n"
    else:
        assert b"linked" in image.read("ls")
        assert image.read("dir/a") == b"a"


@pytest.mark.parametrize("dockerfile", [METADATA, LINKED])
def test_a_push_to_another_registry_fetches_them_and_unpacks_nothing(
    builds: Builds, server: tuple[Server, str], dockerfile: str
) -> None:
    with Server(Registry()) as other:
        name = f"{other.authority}/apps/one:1"
        ended = builds.run("-t", name, "--push", builds.context(dockerfile, a="a"))
        assert ended.code == 0, ended.text
        assert len(fetched(server[0])) == 1
        assert trees(builds) == 0
        again = Builds(builds.directory / "other", name)
        again.directory.mkdir()
        assert "bin/busybox" in again.image(again.context("FROM BASE\nRUN true\n")).files()


@pytest.mark.parametrize("dockerfile", [METADATA, LINKED])
def test_an_archive_has_them_and_is_the_same_as_with_files(
    builds: Builds, server: tuple[Server, str], dockerfile: str
) -> None:
    context = builds.context(dockerfile, a="a")
    image = builds.image(context)
    assert "bin/busybox" in image.files()
    assert (len(fetched(server[0])), trees(builds)) == (1, 0)
    assert builds.run(builds.context("FROM BASE\nRUN true\n")).code == 0
    assert trees(builds) > 0
    again = builds.image(context)
    assert again.manifest["layers"] == image.manifest["layers"]
    assert again.config["rootfs"] == image.config["rootfs"]


def test_a_build_for_the_cache_alone_fetches_nothing(
    builds: Builds, server: tuple[Server, str]
) -> None:
    assert builds.run("-o", "type=cacheonly", builds.context(METADATA)).code == 0
    assert (fetched(server[0]), trees(builds)) == ([], 0)


def test_an_image_of_the_local_store_is_whole(builds: Builds, server: tuple[Server, str]) -> None:
    assert builds.run("-t", "kept:1", builds.context(METADATA)).code == 0
    assert (len(fetched(server[0])), trees(builds)) == (1, 0)
    image = builds.image(builds.context("FROM kept:1\nRUN echo $A >/a\n"))
    assert image.read("a") == b"b\n"
    assert len(fetched(server[0])) == 1


def test_whoever_reads_files_has_them(builds: Builds) -> None:
    directory = builds.directory / "out"
    context = builds.context(LINKED, a="a")
    ended = builds.run("-o", f"type=local,dest={directory}", context)
    assert ended.code == 0, ended.text
    assert (directory / "bin" / "busybox").exists()
    assert (directory / "linked").read_text() == "a"
    both = "FROM BASE AS one\nFROM BASE\nCOPY --link --from=one /etc/passwd /p\n"
    assert builds.image(builds.context(both)).read("p").startswith(b"root")


def test_a_base_that_cannot_be_had_is_told_as_ever(
    builds: Builds, server: tuple[Server, str]
) -> None:
    context = builds.context(METADATA.replace("BASE", f"{server[0].authority}/gone:1"))
    ended = builds.run("--preflight", "off", context)
    assert ended.code == 1
    assert "failed to resolve source metadata for" in ended.stderr
