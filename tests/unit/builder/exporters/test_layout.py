"""Archives and layouts: the same bytes each time, whole or not there."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from builder.content.store import ContentStore
from builder.exporters import image as images
from builder.exporters import layout
from builder.exporters.destination import archive_file
from builder.exporters.errors import ExportError
from builder.oci.descriptor import Descriptor
from builder.oci.platform import Platform
from tests.unit.builder.exporters.conftest import MakeImage

EPOCH = 1700000000
NAMES = ["docker.io/library/a:1", "example.com/b/c:2"]


@pytest.fixture
def top(store: ContentStore, make_image: MakeImage) -> Descriptor:
    return images.store_image(store, make_image(None, "one", "two")).manifest


def archive(store: ContentStore, top: Descriptor, *, docker: bool = False) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation("a pipe has no position")

    file = Pipe()
    layout.write_archive(file, store, top, NAMES, epoch=EPOCH, docker=docker)
    return file.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        out = {}
        for member in tar:
            content = tar.extractfile(member)
            out[member.name] = content.read() if content else b""
        return out


def test_an_archive_has_every_blob_and_two_names(store: ContentStore, top: Descriptor) -> None:
    found = members(archive(store, top))
    assert list(found) == sorted(found)
    assert found["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
    index = json.loads(found["index.json"])
    assert [entry["annotations"] for entry in index["manifests"]] == [
        {
            "io.containerd.image.name": name,
            "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
            "org.opencontainers.image.ref.name": tag,
        }
        for name, tag in zip(NAMES, ("1", "2"), strict=True)
    ]
    manifest = json.loads(found["blobs/sha256/" + top.digest.hex])
    for blob in (manifest["config"], *manifest["layers"]):
        assert len(found["blobs/sha256/" + blob["digest"].partition(":")[2]]) == blob["size"]
    assert "manifest.json" not in found


def test_an_archive_is_the_same_each_time(store: ContentStore, top: Descriptor) -> None:
    data = archive(store, top)
    assert data == archive(store, top)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")
            document = member.name in ("index.json", "manifest.json")
            assert member.mode == (0o755 if member.isdir() else 0o644 if document else 0o444)


def test_dockers_form_has_a_manifest_of_its_own(store: ContentStore, top: Descriptor) -> None:
    found = members(archive(store, top, docker=True))
    manifest = json.loads(found["blobs/sha256/" + top.digest.hex])
    path = {"Config": manifest["config"], "Layers": manifest["layers"]}
    (entry,) = json.loads(found["manifest.json"])
    assert entry["RepoTags"] == ["a:1", "example.com/b/c:2"]
    assert entry["Config"] == "blobs/sha256/" + path["Config"]["digest"][7:]
    assert entry["Layers"] == ["blobs/sha256/" + layer["digest"][7:] for layer in path["Layers"]]


def test_dockers_form_has_one_platform(store: ContentStore, top: Descriptor) -> None:
    index = images.store_index(store, [top])
    with pytest.raises(ExportError, match="does not currently support exporting manifest lists"):
        archive(store, index, docker=True)


def test_a_layer_that_two_images_share_is_written_once(
    store: ContentStore, make_image: MakeImage
) -> None:
    both = [
        images.store_image(store, make_image(Platform("linux", arch), "shared")).manifest
        for arch in ("amd64", "arm64")
    ]
    data = archive(store, images.store_index(store, both))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
    assert len(names) == len(set(names))
    assert len([name for name in names if name.startswith("blobs/sha256/")]) == 6


def test_a_directory_keeps_what_has_other_names(
    store: ContentStore, make_image: MakeImage, top: Descriptor, tmp_path: Path
) -> None:
    other = images.store_image(store, make_image(None, "other")).manifest
    dest = tmp_path / "layout"
    layout.write_directory(dest, store, top, ["example.com/a:1"], epoch=1)
    layout.write_directory(dest, store, other, ["example.com/a:2"], epoch=1)
    layout.write_directory(dest, store, other, ["example.com/a:1"], epoch=1)
    index = json.loads((dest / "index.json").read_bytes())
    found = {
        entry["annotations"]["io.containerd.image.name"]: entry["digest"]
        for entry in index["manifests"]
    }
    assert found == {"example.com/a:1": other.digest, "example.com/a:2": other.digest}
    assert len(index["manifests"]) == 2
    assert (dest / "blobs" / "sha256" / top.digest.hex).exists()


def test_an_archive_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    dest = tmp_path / "x.tar"
    dest.write_bytes(b"old")
    with pytest.raises(TypeError), archive_file(dest) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert dest.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_an_archive_replaces_what_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "real.tar").write_bytes(b"old")
    (tmp_path / "link.tar").symlink_to("real.tar")
    with archive_file(tmp_path / "link.tar") as file:
        file.write(b"new")
    assert (tmp_path / "link.tar").is_symlink()
    assert (tmp_path / "real.tar").read_bytes() == b"new"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is a directory"), archive_file(tmp_path):
        pass
    missing = tmp_path / "no" / "x.tar"
    with (
        pytest.raises(ExportError, match=f"cannot write {missing}: no such"),
        archive_file(missing),
    ):
        pass


def test_several_images_share_one_archive(store: ContentStore, make_image: MakeImage) -> None:
    first = images.store_image(store, make_image(None, "one")).manifest
    second = images.store_image(store, make_image(None, "one", "two")).manifest
    file = io.BytesIO()
    both = [(first, ["example.com/a:1", "example.com/b:1"]), (second, [])]
    layout.write_images(file, store, both, epoch=1, docker=True)
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as tar:
        names = tar.getnames()
        index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]
        rows = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert len(names) == len(set(names))
    assert [entry["digest"] for entry in index["manifests"]] == [
        first.digest,
        first.digest,
        second.digest,
    ]
    assert [row["RepoTags"] for row in rows] == [["example.com/a:1", "example.com/b:1"], None]
    assert set(rows[0]["Layers"]) < set(rows[1]["Layers"])
