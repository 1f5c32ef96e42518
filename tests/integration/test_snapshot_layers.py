"""Snapshots to layer blobs and back, with both drivers and against BuildKit's own layers."""

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
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.content import BlobNotFound, ContentStore
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.snapshot.drivers import open_snapshotter
from builder.snapshot.layers import (
    DiffIdMismatch,
    InvalidTar,
    apply_blob,
    apply_layer,
    create_layer_blob,
    write_layer,
)
from builder.snapshot.store import StoredSnapshotter
from builder.snapshot.types import SnapshotError

pytestmark = [pytest.mark.integration, pytest.mark.root]

T = 1445412480


@pytest.fixture(params=["copy", "overlay"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredSnapshotter]:
    with open_snapshotter(tmp_path / "state", request.param) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "store")


def snapshot(
    snapshots: StoredSnapshotter, parent: str | None, change: Callable[[Path], object]
) -> str:
    with snapshots.prepare(parent) as active:
        change(active.path)
        return active.commit()


def make(root: Path, files: dict[str, tuple[str, int]], *folders: str) -> None:
    for name in folders:
        (root / name).mkdir()
        (root / name).chmod(0o755)
    for name, (text, mode) in files.items():
        (root / name).write_text(text)
        (root / name).chmod(mode)
    for path in root.rglob("*"):
        os.utime(path, (T + 0.75, T + 0.75), follow_symlinks=False)


def base(root: Path) -> None:
    make(root, {"base/base.txt": ("compatibility base\n", 0o644)}, "base", "proc", "sys")


def inputs(git: int) -> Callable[[Path], None]:
    files = {
        "inputs/git/git.txt": ("git fixture\n", git),
        "inputs/git/nested.txt": ("nested fixture\n", git),
        "inputs/http.txt": ("http fixture\n", 0o600),
        "inputs/llb.txt": ("llb fixture\n", 0o644),
    }
    return lambda root: make(root, files, "inputs", "inputs/git")


def generated(root: Path) -> None:
    files = {
        "generated/deeper/nested.txt": ("nested-exec\n", 0o644),
        "generated/exec.txt": ("exec-fixture\n", 0o644),
    }
    make(root, files, "generated", "generated/deeper")


@pytest.mark.parametrize(
    ("change", "diff_id", "digest"),
    [
        (
            base,
            "007165e99d6304af5653e8a8cc1c8886e5719cf31bf09cbd9f50fa09008ef654",
            "426dfb571c2a1f52cb66e0a69fbe2348348afc4ba893cba5754a841882d91773",
        ),
        (
            inputs(0o644),
            "9228085939d1444bd500ac8a4f8ee9d39fed1e5905da0968ffed61887ab41042",
            "",
        ),
        (
            inputs(0o666),
            "78260322e6ea253e5f3f675b3140ebe95ae8fc7e0ac2b1b3b88f1c8fc83525ce",
            "",
        ),
        (
            generated,
            "672c0da84adab23797eebbf41315e289f03b02e266bdd6f6e88a7736583a4466",
            "847e9b228e5b81db2fe943892d3602808b8f94ec498afe963a23bf8ab1d39a26",
        ),
    ],
)
@pytest.mark.parametrize("on_top", [False, True])
def test_layers_equal_those_of_buildkit(
    snapshots: StoredSnapshotter,
    store: ContentStore,
    change: Callable[[Path], None],
    diff_id: str,
    digest: str,
    on_top: bool,
) -> None:
    parent = snapshot(snapshots, None, lambda root: (root / "below").mkdir()) if on_top else None
    id = snapshot(snapshots, parent, change)
    layer = create_layer_blob(snapshots, id, store, "gzip", 0)
    assert layer.diff_id.hex == diff_id
    if digest:
        assert layer.descriptor.digest.hex == digest
    assert layer.descriptor.media_type == mediatypes.OCI_LAYER_GZIP
    plain = create_layer_blob(snapshots, id, store, "uncompressed")
    assert plain.descriptor.digest == plain.diff_id == layer.diff_id
    assert plain.descriptor.size == plain.size == layer.size


def test_level_0_of_the_inputs_equals_buildkit_s_blob(
    snapshots: StoredSnapshotter, store: ContentStore
) -> None:
    wanted = "5c3240cc0bcdc46a4ff085359eba4d0ffe7e5e161c5f376e79f2264719041668"
    found = {
        create_layer_blob(
            snapshots, snapshot(snapshots, None, inputs(mode)), store, "gzip", 0
        ).descriptor.digest.hex
        for mode in (0o644, 0o666)
    }
    assert wanted in found


def run_step(root: Path) -> None:
    for name in ("d/e", "gone", "dev", "proc", "sys"):
        (root / name).mkdir(parents=True)
    (root / "d/e/f").write_text("1\n")
    os.link(root / "d/e/f", root / "d/hard")
    (root / "d/sym").symlink_to("e")
    (root / "d/e/f").chmod(0o4755)
    (root / "etc/group").unlink()
    shutil.rmtree(root / "root")
    (root / "root").mkdir()


def workdir_step(root: Path) -> None:
    (root / "srv/app").mkdir(parents=True, exist_ok=True)


def copy_step(root: Path) -> None:
    workdir_step(root)
    (root / "srv/app/sub").mkdir()
    (root / "srv/app/sub/f.txt").write_text("hi\n")
    for path in (root / "srv/app/sub", root / "srv/app/sub/f.txt"):
        os.chown(path, 5, 6)


@pytest.mark.parametrize(
    ("step", "diff_id"),
    [
        (run_step, "b6e0eb8166ca8bdb441b137ff904ed21b85e9941c1761dc7f703ac4efb3ef96a"),
        (workdir_step, "8934ff26790cddde356faf2fb267c53ca2fcbc6a111f9def365780cdb33a2920"),
        (copy_step, "2f6ca46f1a62aed1cda4c81bb0a3845ccb992838cf9339faa837fb50752c8b57"),
    ],
)
def test_steps_give_the_layers_that_buildkit_gave(
    snapshots: StoredSnapshotter, step: Callable[[Path], None], diff_id: str
) -> None:
    """A RUN with links, a set-id file, a delete and a directory made anew; a WORKDIR; a COPY."""

    def below(root: Path) -> None:
        for name in ("etc", "root"):
            (root / name).mkdir()
        if step is copy_step:  # its parents were there before
            workdir_step(root)
        (root / "etc/group").write_text("root:x:0:")

    old = os.umask(0o022)
    try:
        id = snapshot(snapshots, snapshot(snapshots, None, below), step)
    finally:
        os.umask(old)
    # The golden build set all times to one moment; later ones are lowered to it here.
    assert hashlib.sha256(tar_of(snapshots, id, 1_700_000_000)).hexdigest() == diff_id


def rich(root: Path) -> None:
    (root / "d/e").mkdir(parents=True)
    (root / "d/e/f").write_text("1\n")
    os.link(root / "d/e/f", root / "d/hard")
    (root / "d/e/f").chmod(0o4755)
    (root / "d/sym").symlink_to("e")
    (root / "gone").mkdir()
    (root / "tall").mkdir()
    os.mkfifo(root / "pipe")
    os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (root / "ünï").write_text("x" * 513)
    (root / ("long" * 30)).write_text("")
    (root / "empty").write_text("")
    os.chown(root / "empty", 3_000_000, 5)
    os.setxattr(root / "empty", "security.capability", b"\x01\0\0\x02" + bytes(16))
    os.setxattr(root / "empty", "user.dropped", b"x")


def members(blob: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(blob), mode="r:") as archive:
        return archive.getmembers()


def tar_of(snapshots: StoredSnapshotter, id: str, epoch: int | None = None) -> bytes:
    out = io.BytesIO()
    stats = write_layer(snapshots, id, out, epoch)
    assert stats.size == len(out.getvalue())
    assert stats.entries == len(members(out.getvalue()))
    return out.getvalue()


def test_entries_are_as_the_differ_of_buildkit_writes_them(snapshots: StoredSnapshotter) -> None:
    found = {
        info.name: info for info in members(tar_of(snapshots, snapshot(snapshots, None, rich)))
    }
    assert list(found)[:5] == ["d", "d/e", "d/e/f", "d/hard", "d/sym"]
    hard = found["d/hard"]
    assert (hard.type, hard.linkname, hard.mode, hard.size) == (b"1", "d/e/f", 0o4755, 0)
    assert (found["d/sym"].mode, found["d/sym"].linkname) == (0o777, "e")
    assert (found["null"].devmajor, found["null"].devminor) == (1, 3)
    assert found["pipe"].isfifo()
    assert found["empty"].uid == 3_000_000
    assert [key for key in found["empty"].pax_headers if "xattr" in key] == [
        "SCHILY.xattr.security.capability"
    ]
    assert all(info.uname == info.gname == "" for info in found.values())
    assert all(info.mtime == int(info.mtime) for info in found.values())


def test_whiteouts_stand_for_what_was_deleted(snapshots: StoredSnapshotter) -> None:
    parent = snapshot(snapshots, None, rich)

    def change(root: Path) -> None:
        (root / "d/hard").unlink()
        shutil.rmtree(root / "tall")
        (root / "d/e/f").chmod(0o755)

    found = members(tar_of(snapshots, snapshot(snapshots, parent, change)))
    assert [info.name for info in found] == ["d", "d/e", "d/e/f", "d/.wh.hard", ".wh.tall"]
    gone = found[3]
    assert (gone.mode, gone.size, gone.mtime, gone.type) == (0, 0, 0, b"0")


def test_an_epoch_caps_times_and_leaves_older_ones(snapshots: StoredSnapshotter) -> None:
    def change(root: Path) -> None:
        for name, time in (("old", T - 10), ("new", T + 10)):
            (root / name).write_text("")
            os.utime(root / name, (time, time))

    found = members(tar_of(snapshots, snapshot(snapshots, None, change), T))
    assert {info.name: info.mtime for info in found} == {"old": T - 10, "new": T}


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


def look(root: Path) -> dict[str, tuple[object, ...]]:
    """All that a layer carries of a tree."""
    out: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        found = path.lstat()
        content: object = None
        if stat.S_ISREG(found.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(found.st_mode):
            content = path.readlink()
        owner = (found.st_mode, found.st_uid, found.st_gid, int(found.st_mtime))
        links = 0 if stat.S_ISDIR(found.st_mode) else found.st_nlink
        out[str(path.relative_to(root))] = (*owner, found.st_rdev, links, content)
    return out


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


def store_blob(store: ContentStore, data: bytes) -> Descriptor:
    with store.writer() as writer:
        writer.write(data)
        blob = writer.commit()
    return Descriptor(mediatypes.OCI_LAYER_ZSTD, blob.digest, blob.size)


def test_a_wrong_diff_id_discards_the_snapshot(
    snapshots: StoredSnapshotter, store: ContentStore
) -> None:
    tar = tar_of(snapshots, snapshot(snapshots, None, base))
    descriptor = store_blob(store, zstandard.compress(tar))
    before = snapshots.ids()
    active = snapshots.prepare(None)
    with pytest.raises(DiffIdMismatch) as caught:
        apply_blob(store, descriptor, Digest.of(b"other"), active)
    assert caught.value.actual == Digest.of(tar)
    with pytest.raises(SnapshotError):
        active.commit()
    assert snapshots.ids() == before
    assert os.listdir(snapshots.root / "active") == []


def test_bytes_after_the_archive_count_in_the_diff_id(
    snapshots: StoredSnapshotter, store: ContentStore
) -> None:
    tar = tar_of(snapshots, snapshot(snapshots, None, base)) + bytes(10240) + b"more"
    descriptor = store_blob(store, tar)
    with snapshots.prepare(None) as active:
        apply_blob(store, descriptor, Digest.of(tar), active)
        assert sorted(os.listdir(active.path)) == ["base", "proc", "sys"]


def test_a_blob_that_is_no_layer_or_not_there_discards_the_snapshot(
    snapshots: StoredSnapshotter, store: ContentStore
) -> None:
    noise = store_blob(store, b"<html>not a layer" * 100)
    with pytest.raises(InvalidTar):
        apply_blob(store, noise, None, snapshots.prepare(None))
    missing = Descriptor(mediatypes.OCI_LAYER, Digest.of(b"missing"), 7)
    with pytest.raises(BlobNotFound):
        apply_blob(store, missing, None, snapshots.prepare(None))
    assert os.listdir(snapshots.root / "active") == []


def test_a_file_that_shrinks_while_it_is_read_is_an_error(
    snapshots: StoredSnapshotter, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = snapshot(snapshots, None, base)
    monkeypatch.setattr("builder.snapshot.layers.os.read", lambda fd, size: b"")
    with pytest.raises(SnapshotError, match="became shorter"):
        write_layer(snapshots, id, io.BytesIO())


def test_a_failed_layer_leaves_no_blob(snapshots: StoredSnapshotter, store: ContentStore) -> None:
    for arguments in (("gzip", 11), ("lzma", None)):
        with pytest.raises(SnapshotError):
            create_layer_blob(snapshots, snapshot(snapshots, None, base), store, *arguments)
    assert list(store.digests()) == []
    assert os.listdir(store.root / "ingest") == []


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


def test_a_layer_of_buildkit_s_is_reproduced_from_its_own_tar(
    snapshots: StoredSnapshotter,
) -> None:
    with snapshots.prepare(None) as active:
        apply_layer(io.BytesIO(tar_of(snapshots, snapshot(snapshots, None, base))), active.path)
        id = active.commit()
    assert hashlib.sha256(tar_of(snapshots, id)).hexdigest() == (
        "007165e99d6304af5653e8a8cc1c8886e5719cf31bf09cbd9f50fa09008ef654"
    )


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
    """What a layer must carry of ``root``; times of directories follow from what is done."""
    return {
        name: (*found[:3], found[3] if not stat.S_ISDIR(int(str(found[0]))) else 0, *found[4:])
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
