"""Other programs read what is exported: skopeo, umoci, podman and a Docker engine."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.content.store import ContentStore
from builder.exporters import ExportContext, ExportInput, Layer, PlatformImage, parse
from builder.exporters.export import export
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform, host
from tests.fixtures.dockerd import Engine, dockerd

pytestmark = pytest.mark.integration

NAME = "registry.example:5000/team/app:1.0"
MTIME = 1_600_000_000
CONFIG: dict[str, Any] = {
    "config": {
        "User": "5",
        "Env": ["PATH=/bin", "A=<b>&c"],
        "Cmd": ["cat", "/etc/greeting"],
        "WorkingDir": "/",
        "Labels": {"one": "1"},
    },
    "history": [
        {"created": "2024-01-01T00:00:00Z", "created_by": "COPY bin", "comment": "test"},
        {"created": "2024-01-01T00:00:00Z", "created_by": "ENV A", "empty_layer": True},
        {"created": "2024-01-02T00:00:00Z", "created_by": "COPY etc", "comment": "test"},
    ],
}


def busybox() -> bytes:
    program = shutil.which("busybox")
    assert program, "busybox is missing; Debian's package is busybox-static"
    return Path(program).read_bytes()


def layer_tar(files: dict[str, tuple[int, bytes]], links: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted({Path(path).parts[0] for path in (*files, *links)}):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, MTIME
            tar.addfile(entry)
        for name, (mode, data) in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size, entry.mtime = mode, len(data), MTIME
            tar.addfile(entry, io.BytesIO(data))
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.LNKTYPE, target
            entry.mode, entry.mtime = files[target][0], MTIME
            tar.addfile(entry)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ContentStore:
    return ContentStore(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="module")
def image(store: ContentStore, tmp_path_factory: pytest.TempPathFactory) -> PlatformImage:
    """BusyBox in a compressed layer, a file in a plain one; the tree is the two unpacked."""
    tars = [
        layer_tar({"bin/cat": (0o755, busybox())}, {"bin/sh": "bin/cat"}),
        layer_tar({"etc/greeting": (0o644, b"hello\n"), "etc/secret": (0o600, b"x")}, {}),
    ]
    tree = tmp_path_factory.mktemp("tree")
    layers = []
    for number, data in enumerate(tars):
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extraction_filter = lambda member, _: member  # type: ignore[method-assign]
            tar.extractall(tree)
        kind = mediatypes.OCI_LAYER if number else mediatypes.OCI_LAYER_GZIP
        blob = data if number else gzip.compress(data, 1, mtime=0)
        with store.writer() as writer:
            writer.write(blob)
            stored = writer.commit()
        layers.append(Layer(Descriptor(kind, stored.digest, stored.size), Digest.of(data)))

    @contextlib.contextmanager
    def view() -> Iterator[Path]:
        yield tree

    return PlatformImage(host(), CONFIG, tuple(layers), view)


async def write(text: str, store: ContentStore, *images: PlatformImage) -> Descriptor:
    done = await export(parse(text), ExportContext(store), ExportInput(images), lambda _: None)
    assert done.descriptor is not None
    return done.descriptor


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_skopeo_reads_and_copies_an_oci_archive(
    store: ContentStore, image: PlatformImage, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    top = await write(f"type=oci,dest={archive},name={NAME}", store, image)
    seen = json.loads(said("skopeo", "inspect", f"oci-archive:{archive}"))
    assert seen["Digest"] == top.digest
    assert seen["Labels"] == {"one": "1"}
    assert seen["Env"] == ["PATH=/bin", "A=<b>&c"]
    assert len(seen["Layers"]) == 2
    said("skopeo", "copy", "--quiet", f"oci-archive:{archive}", f"dir:{tmp_path}/copy")
    manifest = (tmp_path / "copy" / "manifest.json").read_bytes()
    assert Digest.of(manifest) == top.digest, "the manifest is copied byte for byte"


async def test_skopeo_copies_every_platform_of_a_layout(
    store: ContentStore, image: PlatformImage, tmp_path: Path
) -> None:
    other = PlatformImage(Platform("linux", "s390x"), CONFIG, image.layers, image.tree)
    dest = tmp_path / "layout"
    top = await write(f"type=oci,dest={dest},tar=false,name={NAME}", store, image, other)
    raw = said("skopeo", "inspect", "--raw", f"oci:{dest}:1.0")
    assert Digest.of(raw.encode()) == top.digest
    copy = ("skopeo", "copy", "--quiet", "--all", "--preserve-digests")
    said(*copy, f"oci:{dest}:1.0", f"dir:{tmp_path}/again")
    assert Digest.of((tmp_path / "again" / "manifest.json").read_bytes()) == top.digest


@pytest.mark.root
async def test_umoci_unpacks_a_layout(
    store: ContentStore, image: PlatformImage, tmp_path: Path
) -> None:
    dest = tmp_path / "layout"
    await write(f"type=oci,dest={dest},tar=false,name={NAME}", store, image)
    said("umoci", "unpack", "--image", f"{dest}:1.0", str(tmp_path / "bundle"))
    rootfs = tmp_path / "bundle" / "rootfs"
    assert (rootfs / "etc" / "greeting").read_text() == "hello\n"
    assert (rootfs / "bin" / "sh").stat().st_ino == (rootfs / "bin" / "cat").stat().st_ino
    assert (rootfs / "etc" / "secret").stat().st_mtime == MTIME


@pytest.mark.root
@pytest.mark.parametrize("kind", ["oci", "docker"])
async def test_podman_loads_an_archive(
    store: ContentStore, image: PlatformImage, tmp_path: Path, kind: str
) -> None:
    archive = tmp_path / "image.tar"
    await write(f"type={kind},dest={archive},name={NAME}", store, image)
    # podman refuses a run root of more than 50 characters
    with tempfile.TemporaryDirectory(prefix="podman-") as run:
        podman = [
            "podman", "--storage-driver=vfs", f"--root={tmp_path}/root", f"--runroot={run}",
            "--cgroup-manager=cgroupfs",
        ]  # fmt: skip
        assert "Loaded image" in said(*podman, "load", "--quiet", f"--input={archive}")
        (seen,) = json.loads(said(*podman, "image", "inspect", NAME))
    assert seen["Config"]["Cmd"] == ["cat", "/etc/greeting"]
    assert seen["RootFS"]["Layers"] == [str(layer.diff_id) for layer in image.layers]
    assert [entry["created_by"] for entry in seen["History"]] == ["COPY bin", "ENV A", "COPY etc"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with dockerd(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.mark.root
@pytest.mark.parametrize("types", ["true", "false"])
async def test_docker_loads_and_runs_an_archive(
    store: ContentStore, image: PlatformImage, tmp_path: Path, engine: Engine, types: str
) -> None:
    archive = tmp_path / "image.tar"
    text = f"type=docker,dest={archive},name={NAME},oci-mediatypes={types}"
    await write(text, store, image)
    assert f"Loaded image: {NAME}" in engine.docker("load", "--input", str(archive))
    (seen,) = json.loads(engine.docker("image", "inspect", NAME))
    assert seen["Config"]["User"] == "5"
    assert seen["Created"] == "2024-01-02T00:00:00Z"
    assert seen["RootFS"]["Layers"] == [str(layer.diff_id) for layer in image.layers]
    container = engine.docker("create", NAME).strip()
    copied = engine.docker("cp", f"{container}:/etc/greeting", str(tmp_path / "greeting"))
    assert copied == ""
    assert (tmp_path / "greeting").read_text() == "hello\n"


@pytest.mark.root
async def test_docker_imports_a_root_file_system(
    store: ContentStore, image: PlatformImage, tmp_path: Path, engine: Engine
) -> None:
    archive = tmp_path / "rootfs.tar"
    await export(
        parse(f"type=tar,dest={archive}"), ExportContext(store), ExportInput((image,)), _silent
    )
    listed = said("tar", "--list", "--verbose", f"--file={archive}")
    assert "bin/sh link to bin/cat" in listed
    assert engine.docker("import", str(archive), "imported:1").startswith("sha256:")


async def test_a_directory_is_what_the_image_holds(
    store: ContentStore, image: PlatformImage, tmp_path: Path
) -> None:
    dest = tmp_path / "out"
    await export(parse(str(dest)), ExportContext(store), ExportInput((image,)), _silent)
    assert (dest / "etc" / "greeting").read_text() == "hello\n"
    assert stat.S_IMODE((dest / "etc" / "secret").stat().st_mode) == 0o600
    assert os.stat(dest / "bin" / "cat").st_nlink == 2
    assert said(str(dest / "bin" / "cat"), str(dest / "etc" / "greeting")) == "hello\n"


def _silent(_event: object) -> None:
    """Progress is not what these tests are about."""
