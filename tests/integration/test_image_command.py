"""``regdoctor image``: what builds left in the local store, listed, sent on and removed."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.fixtures.builds import COMMAND, Builds, serve_base
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.dockerd import dockerd
from tests.fixtures.plainuser import as_plain_user
from tests.fixtures.programs import RealRegistry, docker_registry
from tests.fixtures.registry import Registry, Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

BOTH = ("--platform", "linux/amd64,linux/arm64", "--provenance=true")


@dataclass
class Images:
    """``image`` commands on the state directory of ``builds``."""

    builds: Builds
    server: Server

    def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
        command = [*self.builds.prefix, *COMMAND, "image", *map(str, arguments)]
        return subprocess.run(
            [*command, "--root", str(self.builds.root)],
            env={**os.environ, "HOME": str(self.builds.directory)},
            **{"capture_output": True, "stdin": subprocess.DEVNULL, "check": False, **options},
        )

    def said(self, *arguments: str | Path) -> str:
        """What a command that must end well says on standard output."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def refused(self, *arguments: str | Path, code: int = 1) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (code, b""), done.stderr.decode()
        return done.stderr.decode()

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for line in self.said("ls", "--format", "json", *arguments).splitlines()
        ]

    def document(self, name: str) -> dict[str, Any]:
        (document,) = json.loads(self.said("inspect", name))
        assert isinstance(document, dict)
        return document

    def build(self, dockerfile: str, *arguments: str) -> None:
        ended = self.builds.run(*arguments, self.builds.context(dockerfile, a="x"))
        assert ended.code == 0, ended.text

    def both(self, name: str) -> None:
        """An index of two platforms, with attestations, as ``name``."""
        self.build("FROM scratch\nCOPY a /a\nENV WORD=said\n", "-t", name, *BOTH)


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Images]:
    server, base = serve_base(tmp_path)
    with server:
        yield Images(Builds(tmp_path, base), server)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    with docker_registry(tmp_path / "registry") as registry:
        yield registry


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_store_in_which_nothing_was_built_is_an_empty_table(images: Images) -> None:
    images.build("FROM scratch\nCOPY a /a\n")
    assert images.said("ls") == "NAME  DIGEST  PLATFORMS  CREATED  SIZE\n"
    assert images.rows() == []


def test_images_are_listed_with_platforms_and_size(images: Images) -> None:
    images.both("registry.example/team/app:1")
    images.build("FROM scratch\nCOPY a /b\n", "-t", "app")
    first, second = images.rows()
    assert (first["Name"], first["Platforms"]) == ("app:latest", ["linux/amd64"])
    assert second["Platforms"] == ["linux/amd64", "linux/arm64"]
    assert 0 < first["Size"] < second["Size"] < 20_000
    assert first["CreatedAt"]
    table = images.said("ls").splitlines()
    assert table[0].split() == ["NAME", "DIGEST", "PLATFORMS", "CREATED", "SIZE"]
    assert table[1].split()[:3] == ["app:latest", first["Digest"][7:19], "linux/amd64"]
    assert images.said("ls", "-q").split() == [row["Digest"][7:19] for row in (first, second)]
    assert first["Digest"] in images.said("ls", "--digests")
    for pattern in ("app", "app:*", "docker.io/library/app"):
        assert images.rows(pattern) == [first]
    assert images.rows("registry.example/*") == [second]
    assert images.rows("nothing") == []


def test_inspect_tells_all_and_raw_is_byte_for_byte(images: Images) -> None:
    images.both("app:1")
    document = images.document("app:1")
    assert document["Name"] == "app:1"
    assert document["FullName"] == "docker.io/library/app:1"
    assert len(document["Index"]["manifests"]) == 4
    assert [each["Platform"] for each in document["Images"]] == ["linux/amd64", "linux/arm64"]
    one = document["Images"][0]
    assert "WORD=said" in one["Config"]["config"]["Env"]
    (layer,) = one["Layers"]
    assert layer["DiffID"] == one["Config"]["rootfs"]["diff_ids"][0]
    assert (layer["Digest"], layer["Present"]) == (one["Manifest"]["layers"][0]["digest"], True)
    (attestation,) = one["Attestations"]
    assert "provenance" in attestation["Predicates"][0]
    raw = images.run("inspect", "--raw", "app:1").stdout
    assert "sha256:" + hashlib.sha256(raw).hexdigest() == document["Digest"]


def test_one_image_has_many_spellings(images: Images) -> None:
    images.build("FROM scratch\nCOPY a /a\n", "-t", "app")
    document = images.document("app")
    digest = document["Digest"]
    config = document["Images"][0]["Manifest"]["config"]["digest"]
    for name in (
        "app:latest",
        "docker.io/library/app:latest",
        "docker.io/app",
        digest,
        digest[7:15],
        digest[:15],
        f"app@{digest}",
        config[7:19],
    ):
        assert images.document(name)["Digest"] == digest


def test_names_that_lead_nowhere_are_told(images: Images) -> None:
    images.build("FROM scratch\nCOPY a /a\n", "-t", "app:1", "-t", "app:2")
    assert images.refused("inspect", "app") == (
        "regdoctor: no image app in the local store\nhint: there is app:1, app:2\n"
    )
    assert "hint: regdoctor image ls" in images.refused("push", "other")
    assert "no image 0000000" in images.refused("rm", "0000000")
    assert "must be lowercase" in images.refused("rm", "App", code=2)
    assert "a destination has no digest" in images.refused(
        "push", "app:1", "b@sha256:" + "0" * 64, code=2
    )
    digest = images.document("app:1")["Digest"]
    assert "has 2 names: app:1, app:2" in images.refused("push", digest, code=2)


def test_a_store_that_cannot_be_used_is_one_line_and_a_hint(images: Images) -> None:
    for command in ("ls", "inspect x", "push x", "rm x", "save x"):
        said = images.refused(*command.split(), code=2)
        assert said.startswith("regdoctor: there is no state directory"), command
    images.builds.root.mkdir()
    (images.builds.root / "version").write_text("99\n")
    for command in ("ls", "inspect x", "push x", "rm x", "save x"):
        said = images.refused(*command.split())
        assert "has schema '99', this version needs 1\nhint: choose another" in said, command


def test_the_default_store_before_the_first_build_is_an_empty_table(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "image", "ls"],
        env={**os.environ, "REGDOCTOR_ROOT": str(tmp_path / "none")},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"NAME  DIGEST  PLATFORMS  CREATED  SIZE\n"
    assert not (tmp_path / "none").exists()


def test_a_push_has_the_whole_index(images: Images, registry: RealRegistry) -> None:
    images.both("app:1")
    name = f"{registry.authority}/team/app:1"
    digest = images.said("push", "app:1", name).strip()
    document = images.document("app:1")
    assert digest == document["Digest"]
    raw = skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{name}")
    assert json.loads(raw) == document["Index"]
    copied = images.builds.directory / "copied"
    # with every platform and attestation, every blob of them is asked for
    skopeo(
        *("copy", "--all", "--preserve-digests", "--src-tls-verify=false"),
        *(f"docker://{name}", f"dir:{copied}"),
    )
    assert len(list(copied.glob("*.manifest.json"))) == 4


def test_a_second_push_sends_nothing_and_another_repository_mounts(images: Images) -> None:
    with Server(Registry()) as other:
        images.both(f"{other.authority}/one:1")
        images.said("push", f"{other.authority}/one:1")
        assert other.requests("PUT", "/blobs/uploads/")
        other.seen.clear()
        images.said("push", f"{other.authority}/one:1", f"{other.authority}/one:2")
        assert other.requests("POST") == []
        images.said("push", f"{other.authority}/one:1", f"{other.authority}/two:1")
        posts = other.requests("POST")
        assert posts
        assert all("mount=" in seen.target for seen in posts)
        assert other.requests("PUT", "/blobs/uploads/") == []


def test_a_push_tells_and_explains_a_registry_that_is_not_trusted(images: Images) -> None:
    images.build("FROM scratch\nCOPY a /a\n", "-t", "app:1")
    authority = CertificateAuthority("Example Root CA")
    files = authority.issue("registry.example").write(images.builds.directory / "tls")
    root = images.builds.directory / "root.pem"
    root.write_bytes(authority.pem)
    with Server(Registry(), tls=files, name="registry.example") as server:
        name = f"registry.example:{server.port}/app:1"
        to = ("push", "app:1", name, "--resolve", f"registry.example:{server.port}:127.0.0.1")
        said = images.refused(*to)
        assert "certificate signed by unknown authority" in said
        assert "x509-unknown-authority-private-root" in said
        assert images.said(*to, "--ca", root).startswith("sha256:")
        done = images.run(*to, "--ca", root, "-q")
        assert (done.returncode, done.stderr) == (0, b"")


def lazily_pushed(images: Images, registry: str) -> str:
    """An image in the local store whose base layer was never fetched."""
    name = f"{registry}/apps/lazy:1"
    images.build("FROM BASE\nENV WORD=said\n", "-t", name, "--push")
    return name


def absent(images: Images, name: str) -> list[bool]:
    return [
        not layer["Present"] for each in images.document(name)["Images"] for layer in each["Layers"]
    ]


def test_a_layer_that_nobody_read_is_mounted_where_the_registry_has_it(images: Images) -> None:
    name = lazily_pushed(images, images.server.authority)
    assert absent(images, name) == [True]
    images.server.seen.clear()
    images.said("push", name, f"{images.server.authority}/apps/other:1")
    assert any("mount=" in seen.target for seen in images.server.requests("POST"))
    layer = images.document(name)["Images"][0]["Layers"][0]["Digest"]
    assert [s for s in images.server.requests("GET", "/blobs/") if s.path.endswith(layer)] == []
    assert absent(images, name) == [True]


def test_a_layer_that_nobody_read_is_fetched_for_another_registry(
    images: Images, registry: RealRegistry
) -> None:
    name = lazily_pushed(images, images.server.authority)
    to = f"{registry.authority}/apps/other:1"
    images.said("push", name, to)
    assert absent(images, name) == [False]
    skopeo("copy", "--src-tls-verify=false", f"docker://{to}", f"dir:{images.builds.directory}/d")


def test_a_layer_that_nobody_read_is_fetched_for_an_archive(images: Images) -> None:
    name = lazily_pushed(images, images.server.authority)
    archive = images.builds.directory / "saved.tar"
    images.said("save", name, "-o", archive)
    assert "WORD=said" in json.loads(skopeo("inspect", f"docker-archive:{archive}"))["Env"]


def test_a_layer_that_is_nowhere_any_more_is_named(images: Images) -> None:
    name = lazily_pushed(images, images.server.authority)
    layer = images.document(name)["Images"][0]["Layers"][0]["Digest"]
    images.server.close()
    archive = images.builds.directory / "saved.tar"
    said = images.refused("save", name, "-o", archive)
    assert f"layer {layer} is not in the local store, and cannot be had from" in said
    assert f"{images.server.authority}/base/busybox" in said
    assert not archive.exists()


def test_archives_are_what_skopeo_copies(images: Images) -> None:
    images.both("app:1")
    images.build("FROM scratch\nCOPY a /b\n", "-t", "registry.example/other:2")
    digest = images.document("app:1")["Digest"]
    directory = images.builds.directory
    docker, oci = directory / "docker.tar", directory / "oci.tar"
    images.said("save", "app:1", "registry.example/other:2", "-o", docker)
    for name in ("app:1", "registry.example/other:2"):
        skopeo("copy", f"docker-archive:{docker}:{name}", f"dir:{directory}/{name[-1]}")
    images.said("save", "--format", "oci", "app:1", "-o", oci)
    skopeo("copy", "--all", f"oci-archive:{oci}", f"oci:{directory}/whole")
    index = json.loads((directory / "whole" / "index.json").read_bytes())
    assert index["manifests"][0]["digest"] == digest
    piped = images.run("save", "--platform", "linux/arm64", "app:1")
    (directory / "arm.tar").write_bytes(piped.stdout)
    seen = json.loads(skopeo("inspect", "--config", f"docker-archive:{directory}/arm.tar:app:1"))
    assert seen["architecture"] == "arm64"
    said = images.refused("save", "--platform", "linux/s390x", "app:1")
    assert "linux/s390x" in said


def test_docker_and_podman_load_what_is_saved(images: Images, tmp_path: Path) -> None:
    images.build("FROM BASE\nENV WORD=one\n", "-t", "one:1", "-t", "again:1")
    images.build("FROM BASE\nCOPY a /\nENV WORD=two\n", "-t", "two:1", "--provenance=true")
    archive = tmp_path / "saved.tar"
    images.said("save", "one:1", "again:1", "two:1", "-o", archive)
    with dockerd(tmp_path / "engine") as engine:
        engine.docker("load", "-i", str(archive))
        seen = json.loads(engine.docker("image", "inspect", "one:1", "two:1", "again:1"))
    assert [each["Config"]["Env"][-1] for each in seen] == ["WORD=one", "WORD=two", "WORD=one"]
    with TemporaryDirectory(prefix="podman-") as short:
        podman = [
            *("podman", "--root", str(tmp_path / "podman"), "--runroot", f"{short}/run"),
            *("--storage-driver=vfs", "--cgroup-manager=cgroupfs"),
        ]
        subprocess.run([*podman, "load", "-i", str(archive)], check=True, capture_output=True)
        said = subprocess.check_output([*podman, "image", "inspect", "one:1", "two:1", "again:1"])
    assert [each["Config"]["Env"][-1] for each in json.loads(said)] == [
        "WORD=one",
        "WORD=two",
        "WORD=one",
    ]


def test_an_archive_is_never_written_to_a_terminal(images: Images) -> None:
    images.build("FROM scratch\nCOPY a /a\n", "-t", "app:1")
    controller, terminal = pty.openpty()
    done = images.run(
        "save", "app:1", capture_output=False, stdout=terminal, stderr=subprocess.PIPE
    )
    os.close(terminal)
    os.close(controller)
    assert done.returncode == 2
    assert b"hint: -o FILE" in done.stderr


def test_names_are_removed_and_a_prune_frees_the_bytes(images: Images) -> None:
    images.build(
        "FROM BASE\nRUN head -c 3000000 /dev/urandom >/big\n",
        *("-t", "app:1", "-t", "app:2", "--provenance=true"),
    )
    digest = images.document("app:1")["Digest"]
    assert images.said("rm", "app:1") == f"removed docker.io/library/app:1 ({digest})\n"
    assert [row["Name"] for row in images.rows()] == ["app:2"]
    images.refused("rm", "app:2", "nothing")
    assert [row["Name"] for row in images.rows()] == ["app:2"]
    prune = [*COMMAND, "cache", "prune", "--all", "--root", str(images.builds.root)]
    subprocess.run(prune, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert used(images.builds.root) > 3_000_000
    images.build("FROM app:2\nRUN test -s /big\n")
    assert images.said("rm", digest[7:19]).startswith("removed docker.io/library/app:2")
    subprocess.run(prune, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert used(images.builds.root) == 0


def used(root: Path) -> int:
    return sum(path.stat().st_size for path in (root / "content" / "blobs").rglob("*/*"))


def test_all_names_can_be_removed_at_once(images: Images) -> None:
    images.build("FROM scratch\nCOPY a /a\n", "-t", "app:1", "-t", "app:2")
    images.refused("rm", code=2)
    images.refused("rm", "--all", "app:1", code=2)
    assert len(images.said("rm", "--all").splitlines()) == 2
    assert images.rows() == []
    assert images.said("rm", "--all") == ""


def test_all_of_it_works_beside_a_build(images: Images, registry: RealRegistry) -> None:
    images.build("FROM scratch\nCOPY a /a\n", "-t", "app:1", "-t", "app:2")
    process = images.builds.start(images.builds.context("FROM BASE\nRUN echo begun && sleep 30\n"))
    assert process.stderr is not None
    seen = b""
    while b"begun" not in seen.replace(b"echo begun", b""):
        seen += process.stderr.readline()
    assert len(images.rows()) == 2
    images.document("app:1")
    images.said("push", "app:1", f"{registry.authority}/app:1")
    images.said("save", "app:1", "-o", images.builds.directory / "saved.tar")
    images.said("rm", "app:2")
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)


def test_a_plain_user_has_a_store_and_root_s_is_refused(
    tmp_path: Path, registry: RealRegistry
) -> None:
    server, base = serve_base(tmp_path)
    home = tmp_path / "home"
    with server:
        builds = Builds(home, base, prefix=as_plain_user(home))
        images = Images(builds, server)
        images.build("FROM BASE\nRUN echo >/made\n", "-t", "app:1")
        assert [row["Name"] for row in images.rows()] == ["app:1"]
        images.document("app:1")
        images.said("push", "app:1", f"{registry.authority}/app:1")
        images.said("save", "app:1", "-o", home / "saved.tar")
        skopeo("inspect", f"docker-archive:{home}/saved.tar")
        images.said("rm", "app:1")
        (tmp_path / "other").mkdir()
        images.builds.prefix = ()
        other = Builds(tmp_path / "other", base)
        assert other.run("-t", "app:1", other.context("FROM BASE\n")).code == 0
        other.prefix = as_plain_user(tmp_path / "home2")
        for command in ("ls", "inspect app:1", "rm app:1", "push app:1", "save app:1"):
            done = Images(other, server).run(*command.split())
            assert done.returncode in (1, 2), done.stderr.decode()
            first, hint, *rest = done.stderr.decode().splitlines()
            assert first.startswith("regdoctor: cannot use the state directory"), command
            assert hint.startswith("hint: choose another"), command
            assert rest == []
        assert [row["Name"] for row in Images(Builds(other.directory, base), server).rows()]


def test_the_last_line_of_a_build_names_commands_that_work(
    images: Images, registry: RealRegistry
) -> None:
    name = f"{registry.authority}/app:1"
    ended = images.builds.run("-t", name, images.builds.context("FROM scratch\nCOPY a /\n", a="x"))
    line = ended.stderr.splitlines()[-1]
    command = line.partition("with: regdoctor ")[2].partition(",")[0].split()
    assert command[:2] == ["image", "push"]
    subprocess.run([*COMMAND, *command], check=True, capture_output=True)
    skopeo("inspect", "--tls-verify=false", f"docker://{name}")
