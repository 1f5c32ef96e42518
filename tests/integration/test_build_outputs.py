"""Where a build's result goes: engines, several places at once, and what is told of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.fixtures.builds import Builds, Image, serve_base
from tests.fixtures.dockerd import dockerd
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = "FROM BASE\nCOPY a /\nENV WORD=said\n"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


@pytest.fixture
def builds(tmp_path: Path, registry: tuple[Server, str]) -> Builds:
    return Builds(tmp_path, registry[1])


def test_load_puts_the_image_into_docker(builds: Builds, tmp_path: Path) -> None:
    with dockerd(tmp_path / "engine") as engine:
        builds.environment["DOCKER_HOST"] = engine.host
        ended = builds.run("--load", "-t", "loaded:1", builds.context(DOCKERFILE, a="x"))
        assert ended.code == 0, ended.text
        assert "loaded loaded:1 into the engine" in ended.stderr
        (seen,) = json.loads(engine.docker("image", "inspect", "loaded:1"))
    assert "WORD=said" in seen["Config"]["Env"]


def test_load_puts_the_image_into_podman(builds: Builds, tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="podman-") as short:
        podman = [
            *("podman", "--root", str(tmp_path / "podman"), "--runroot", f"{short}/run"),
            *("--storage-driver=vfs", "--cgroup-manager=cgroupfs"),
        ]
        socket = Path(short) / "sock"
        service = subprocess.Popen([*podman, "system", "service", "--time=0", f"unix://{socket}"])
        try:
            while not socket.exists():
                assert service.poll() is None
            builds.environment["CONTAINER_HOST"] = f"unix://{socket}"
            ended = builds.run("--load", "-t", "loaded:1", builds.context(DOCKERFILE, a="x"))
            assert ended.code == 0, ended.text
            said = subprocess.check_output([*podman, "image", "inspect", "loaded:1"])
        finally:
            service.terminate()
            service.wait(20)
    assert "WORD=said" in json.loads(said)[0]["Config"]["Env"]


def test_an_engine_that_is_not_there_is_said(builds: Builds, tmp_path: Path) -> None:
    builds.environment["DOCKER_HOST"] = f"unix://{tmp_path}/none"
    ended = builds.run("--load", builds.context(DOCKERFILE, a="x"))
    assert ended.code == 1
    assert f"cannot load into the engine at {tmp_path}/none" in ended.stderr


def test_several_outputs_are_written_by_one_build(
    builds: Builds, registry: tuple[Server, str], tmp_path: Path
) -> None:
    name = f"{registry[0].authority}/made/it:1"
    metadata, iid = tmp_path / "metadata.json", tmp_path / "iid"
    ended = builds.run(
        *("-o", tmp_path / "tree", "-o", f"type=docker,dest={tmp_path}/d.tar", "-t", name),
        *("-o", f"type=tar,dest={tmp_path}/r.tar", "--push"),
        *("--metadata-file", metadata, "--iidfile", iid),
        builds.context(DOCKERFILE, a="x"),
    )
    assert ended.code == 0, ended.text
    assert (tmp_path / "tree/a").read_text() == "x"
    assert Image(tmp_path / "d.tar", ended).read("a") == b"x"
    written = json.loads(metadata.read_text())
    assert written["containerimage.config.digest"] == iid.read_text()
    assert written["image.name"] == name
    assert written["containerimage.descriptor"]["digest"] == written["containerimage.digest"]
    assert f"pushed {name}@{written['containerimage.digest']}" in ended.stderr


def test_force_compression_has_the_base_s_layers_compressed_alike(
    builds: Builds, tmp_path: Path
) -> None:
    context = builds.context(DOCKERFILE, a="x")
    plain, forced = tmp_path / "plain.tar", tmp_path / "forced.tar"
    ended = builds.run(
        *("-o", f"type=oci,dest={plain},compression=zstd"),
        *("-o", f"type=oci,dest={forced},compression=zstd,force-compression=true"),
        context,
    )
    assert ended.code == 0, ended.text
    one, other = Image(plain, ended), Image(forced, ended)
    kinds = [[layer["mediaType"] for layer in each.manifest["layers"]] for each in (one, other)]
    assert [kind.rpartition("+")[2] for kind in kinds[0]] == ["gzip", "zstd"]
    assert [kind.rpartition("+")[2] for kind in kinds[1]] == ["zstd", "zstd"]
    assert one.config == other.config  # the same tars


def test_an_image_without_a_name_gets_a_dangling_one(builds: Builds, tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.json"
    ended = builds.run(
        *("-o", "type=image,dangling-name-prefix=made/by,unpack=true"),
        *("--metadata-file", metadata),
        builds.context(DOCKERFILE, a="x"),
    )
    assert ended.code == 0, ended.text
    written = json.loads(metadata.read_text())
    assert written["image.name"] == f"made/by@{written['containerimage.digest']}"


@pytest.mark.parametrize(
    ("head", "flags"),
    [
        ("ARG SOURCE_DATE_EPOCH=1000000000\n", ()),
        ("", ("--build-arg", "SOURCE_DATE_EPOCH=1000000000")),
    ],
)
def test_the_time_of_a_dockerfile_is_that_of_its_layers(
    builds: Builds, head: str, flags: tuple[str, ...]
) -> None:
    archive = builds.directory / "image.tar"
    ended = builds.run(
        *("-o", f"type=oci,dest={archive},rewrite-timestamp=true", *flags),
        builds.context(f"{head}FROM scratch\nCOPY a /a\n", a="x"),
    )
    assert ended.code == 0, ended.text
    image = Image(archive, ended)
    assert image.files()["a"].mtime == 1000000000
    assert image.config["created"] == "2001-09-09T01:46:40Z"


def test_the_files_of_a_directory_have_no_time_of_their_own(builds: Builds) -> None:
    archive = builds.directory / "image.tar"
    flags = ("--build-arg", "SOURCE_DATE_EPOCH=context", "-o", f"type=oci,dest={archive}")
    ended = builds.run(*flags, builds.context("FROM scratch\nCOPY a /a\n", a="x"))
    assert ended.code == 0, ended.text
    assert Image(archive, ended).config["created"] > "2020"


def test_a_time_that_names_nothing_is_refused_by_the_frontend(builds: Builds) -> None:
    flags = ("--build-arg", "SOURCE_DATE_EPOCH=soon", "-o", "type=cacheonly")
    ended = builds.run(*flags, builds.context("FROM scratch\nCOPY a /a\n", a="x"))
    assert ended.code == 1
    assert "SOURCE_DATE_EPOCH" in ended.text
