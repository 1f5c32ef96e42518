"""The comparer itself: it must see what it is there to see."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.fixtures import images
from tests.parity.flatten import Flat, differences, flatten

Entry = tuple[str, bytes, int, str]
Make = Callable[..., Flat]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make(layer, ..., config={})`` flattens an image of such layers."""

    def image(*layers: Sequence[Entry], **config: object) -> Flat:
        paths = []
        for number, entries in enumerate(layers):
            path = tmp_path / f"{number}.tar"
            with tarfile.open(path, "w") as out:
                for name, kind, mode, content in entries:
                    info = tarfile.TarInfo(name)
                    info.type, info.mode = kind, mode
                    data = content.encode() if kind == tarfile.REGTYPE else b""
                    info.size = len(data)
                    info.linkname = "" if data else content
                    out.addfile(info, io.BytesIO(data))
            paths.append(path)
        layout = images.write(tmp_path / "layout", paths, config, "latest")
        return flatten(images.archive(layout, tmp_path / "image.tar"))

    return image


def file(name: str, content: str = "x", mode: int = 0o644) -> Entry:
    return name, tarfile.REGTYPE, mode, content


def directory(name: str, mode: int = 0o755) -> Entry:
    return name, tarfile.DIRTYPE, mode, ""


def link(name: str, target: str) -> Entry:
    return name, tarfile.LNKTYPE, 0o644, target


def test_a_whiteout_removes_the_path_and_all_below_it(make: Make) -> None:
    flat = make([directory("a"), file("a/b"), file("c")], [file(".wh.a")])
    assert list(flat.nodes) == ["/c"]


def test_an_opaque_directory_hides_lower_layers_and_keeps_its_own(make: Make) -> None:
    flat = make(
        [directory("a"), file("a/old")], [directory("a"), file("a/new"), file("a/.wh..wh..opq")]
    )
    assert list(flat.nodes) == ["/a", "/a/new"]


def test_a_file_in_place_of_a_directory_takes_its_content_away(make: Make) -> None:
    flat = make([directory("a"), file("a/b")], [file("a")])
    assert list(flat.nodes) == ["/a"]


def test_hard_links_are_told_from_equal_files(make: Make) -> None:
    linked = make([file("a"), link("b", "a")])
    copied = make([file("a"), file("b")])
    assert differences(linked, copied) == {"path /b": "group '/a' != '/b'"}


def test_a_hard_link_outlives_the_name_it_was_made_from(make: Make) -> None:
    flat = make([file("a", "content"), link("b", "a"), link("c", "a")], [file(".wh.a")])
    assert {path: node.group for path, node in flat.nodes.items()} == {"/b": "/b", "/c": "/b"}
    assert flat.nodes["/b"].size == len("content")


@pytest.mark.parametrize(
    ("left", "right", "seen"),
    [
        (file("a"), file("a", mode=0o4644), "mode 0o644 != 0o4644"),
        (file("a", "one"), file("a", "two"), "sha256"),
        (("a", tarfile.SYMTYPE, 0o777, "b"), ("a", tarfile.SYMTYPE, 0o777, "c"), "link 'b' != 'c'"),
    ],
)
def test_a_difference_of_one_attribute_is_seen(
    make: Make, left: Entry, right: Entry, seen: str
) -> None:
    assert seen in differences(make([left]), make([right]))["path /a"]


def test_config_keys_that_differ_are_named_and_empty_equals_absent(make: Make) -> None:
    found = differences(
        make([], User="app", Cmd=[], Labels={"io.buildah.version": "1"}),
        make([], User="root", Env=None),
    )
    assert found == {"config User": "'app' != 'root'"}


def test_docker_archives_and_oci_archives_of_one_image_are_equal(tmp_path: Path) -> None:
    layout = images.busybox(tmp_path / "layout")
    docker = images.docker_archive(layout, "base:latest", tmp_path / "docker.tar")
    oci = images.archive(layout, tmp_path / "oci.tar")
    assert flatten(docker) == flatten(oci) == flatten(layout)
    assert flatten(oci).nodes["/opt/capable"].xattrs == (
        ("security.capability", "0100000200200000" + "00" * 12),
    )
