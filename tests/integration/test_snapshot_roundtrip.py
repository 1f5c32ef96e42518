"""What went into a layer comes out of it: with us, with other programs, in little memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.content import ContentStore
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.snapshot.drivers import open_snapshotter
from builder.snapshot.layers import (
    apply_blob,
    apply_layer,
    create_layer_blob,
)
from builder.snapshot.store import StoredSnapshotter
from tests.fixtures.snapshots import look, members, rich, snapshot, tar_of

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture(params=["copy", "overlay"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredSnapshotter]:
    with open_snapshotter(tmp_path / "state", request.param) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "store")


@pytest.mark.parametrize("compression", ["gzip", "zstd", "uncompressed"])
def test_a_layer_applied_gives_the_same_layer(
    snapshots: StoredSnapshotter, store: ContentStore, compression: str
) -> None:
    below = snapshot(snapshots, None, rich)

    def change(root: Path) -> None:
        rich_again = root / "again"
        rich_again.mkdir()
        rich(rich_again)
        (root / "d/hard").unlink()
        shutil.rmtree(root / "tall")

    above = snapshot(snapshots, below, change)
    lower = create_layer_blob(snapshots, below, store, compression)
    upper = create_layer_blob(snapshots, above, store, compression)
    parent = None
    for layer in (lower, upper):
        with snapshots.prepare(parent) as active:
            apply_blob(store, layer.descriptor, layer.diff_id, active)
            parent = active.commit()
        assert create_layer_blob(snapshots, parent, store, "uncompressed").diff_id == layer.diff_id
    with snapshots.view(above) as one, snapshots.view(parent) as two:
        assert look(one) == look(two)


@pytest.mark.parametrize("tool", ["umoci", "tar"])
def test_other_programs_read_our_layers(
    snapshots: StoredSnapshotter, store: ContentStore, tmp_path: Path, tool: str
) -> None:
    id = snapshot(snapshots, None, rich)
    layer = create_layer_blob(snapshots, id, store, "gzip")
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(
        ["tar", "-xzf", store.path(layer.descriptor.digest), "-C", out],
        check=True,
    )
    with snapshots.view(id) as view:
        assert look(view) == look(out)
    if tool == "umoci":
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id)]},
        }
        _tag(store, json.dumps(config).encode(), layer.descriptor)
        subprocess.run(
            ["umoci", "unpack", "--image", f"{store.root}:t", tmp_path / "bundle"], check=True
        )
        rootfs = tmp_path / "bundle" / "rootfs"
        with snapshots.view(id) as view:
            assert look(view) == look(rootfs)


def _tag(store: ContentStore, config: bytes, layer: Descriptor) -> None:
    def put(data: bytes, media_type: str) -> dict[str, object]:
        with store.writer() as writer:
            writer.write(data)
            blob = writer.commit()
        return Descriptor(media_type, blob.digest, blob.size).to_json()

    manifest = {
        "schemaVersion": 2,
        "mediaType": mediatypes.OCI_MANIFEST,
        "config": put(config, mediatypes.OCI_CONFIG),
        "layers": [layer.to_json()],
    }
    entry = put(json.dumps(manifest).encode(), mediatypes.OCI_MANIFEST)
    entry["annotations"] = {"org.opencontainers.image.ref.name": "t"}
    (store.root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


# Imports come first: the interpreter may lie where a plain user cannot read it.
PLAIN_USER = """
import io, os, sys, tarfile
from pathlib import Path
from builder.snapshot.layers import apply_layer
from builder.snapshot.types import SnapshotError
os.setgroups([]); os.setgid(65534); os.setuid(65534)
kind = sys.argv[2]
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:") as tar:
    for name, type, uid in (("d", tarfile.DIRTYPE, 65534), ("d/f", tarfile.REGTYPE, 65534),
                            ("x", tarfile.CHRTYPE if kind == "device" else tarfile.REGTYPE,
                             0 if kind == "owner" else 65534)):
        info = tarfile.TarInfo(name)
        info.type, info.uid, info.gid, info.mode = type, uid, 65534, 0o555
        info.devmajor, info.devminor = 1, 3
        tar.addfile(info)
out.seek(0)
try:
    apply_layer(out, Path(sys.argv[1]))
except SnapshotError as error:
    print(error, error.hint, sep="|")
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("own", ""),
        ("owner", "cannot unpack x: Operation not permitted|owners, device nodes"),
        ("device", "cannot unpack x: Operation not permitted|owners, device nodes"),
    ],
)
def test_a_plain_user_applies_what_he_may_and_is_told_what_he_lacks(
    tmp_path: Path, kind: str, expected: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, 65534, 65534)
    for path in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        path.chmod(path.stat().st_mode | 0o011)
    found = subprocess.run(
        [sys.executable, "-c", PLAIN_USER, str(root), kind], capture_output=True, text=True
    )
    assert found.stderr == ""
    assert found.stdout.startswith(expected)
    if not expected:
        assert found.stdout == ""
    assert stat.S_IMODE((root / "d/f").lstat().st_mode) == 0o555
    if kind == "own":
        assert stat.S_IMODE((root / "d").lstat().st_mode) == 0o555


NAMESPACE = """
import sys
from builder.snapshot.layers import SnapshotError, apply_layer
from pathlib import Path
from tests.fixtures.layers import layer, member
apply_layer(layer(member("mine", uid=0)), Path(sys.argv[1]))
try:
    apply_layer(layer(member("x", uid=5)), Path(sys.argv[1]))
except SnapshotError as error:
    print(f"{error}|{error.hint}")
"""


def test_a_user_namespace_without_the_owner_is_told_which_ids_it_wants(tmp_path: Path) -> None:
    program = [sys.executable, "-c", NAMESPACE, str(tmp_path)]
    found = subprocess.run(
        ["unshare", "--map-root-user", *program], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith("cannot unpack x: Invalid argument|this user namespace maps no")
    assert "/etc/subuid" in found.stdout


def test_memory_stays_small_whatever_the_size_of_a_layer(
    snapshots: StoredSnapshotter, store: ContentStore
) -> None:
    def change(root: Path) -> None:
        with (root / "big").open("wb") as file:
            block = hashlib.sha256().digest() * 32_768
            for number in range(200):
                file.write(number.to_bytes(4, "big") + block)
        for number in range(2000):
            (root / f"f{number}").write_text("x")

    id = snapshot(snapshots, None, change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for compression in ("gzip", "zstd"):
        layer = create_layer_blob(snapshots, id, store, compression)
        with snapshots.prepare(None) as active:
            apply_blob(store, layer.descriptor, layer.diff_id, active)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 100, f"{grown:.0f} MB"


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "mkdir", "remove", "symlink", "link", "chmod", "move", "fifo"]),
        NAMES,
        NAMES,
    ),
    max_size=12,
)


def act(root: Path, steps: list[tuple[str, str, str]]) -> None:
    """Do what can be done; steps that make no sense are left out."""
    for number, (what, name, other) in enumerate(steps):
        path, second = root / name, root / other
        try:
            if what == "write" and (path.is_file() or not path.exists()):
                path.write_text(f"{number}")
            elif what == "mkdir":
                path.mkdir(parents=True)
            elif what == "remove":
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            elif what == "symlink":
                path.symlink_to(other)
            elif what == "link":
                os.link(second, path, follow_symlinks=False)
            elif what == "chmod" and not path.is_symlink():
                path.chmod(0o600 + number)
            elif what == "move":
                subprocess.run(["mv", "-T", path, second], stderr=subprocess.DEVNULL)
            elif what == "fifo":
                os.mkfifo(path)
        except OSError:
            continue


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """What a layer must carry of ``root``; times of directories follow from what is done.

    How many names a file has is left out: a new link to an unchanged file becomes a file.
    """
    return {
        name: (
            *found[:3],
            found[3] if not stat.S_ISDIR(int(str(found[0]))) else 0,
            found[4],
            found[6],
        )
        for name, found in look(root).items()
    }


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(below=STEPS, above=STEPS)
def test_any_change_survives_the_way_through_a_layer(
    snapshots: StoredSnapshotter,
    below: list[tuple[str, str, str]],
    above: list[tuple[str, str, str]],
) -> None:
    parent = snapshot(snapshots, None, lambda root: act(root, below))
    child = snapshot(snapshots, parent, lambda root: act(root, above))
    layer = tar_of(snapshots, child)
    with snapshots.prepare(parent) as active:
        apply_layer(io.BytesIO(layer), active.path)
        with snapshots.view(child) as wanted:
            assert tree(active.path) == tree(wanted)
        again = active.commit()
    # A second way through says the same: nothing is lost, and nothing made up.
    first = [(info.name, info.type, info.linkname) for info in members(layer)]
    second = [(info.name, info.type, info.linkname) for info in members(tar_of(snapshots, again))]
    assert {name for name, kind, _ in second if kind != b"5"} <= {name for name, *_ in first}
