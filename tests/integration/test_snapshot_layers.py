"""Snapshots to layer blobs and back, with both drivers and against BuildKit's own layers."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

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
from tests.fixtures.snapshots import members, rich, snapshot, tar_of

pytestmark = [pytest.mark.integration, pytest.mark.root]


T = 1445412480


@pytest.fixture(params=["copy", "overlay"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredSnapshotter]:
    with open_snapshotter(tmp_path / "state", request.param) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "store")


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


def test_a_layer_of_buildkit_s_is_reproduced_from_its_own_tar(
    snapshots: StoredSnapshotter,
) -> None:
    with snapshots.prepare(None) as active:
        apply_layer(io.BytesIO(tar_of(snapshots, snapshot(snapshots, None, base))), active.path)
        id = active.commit()
    assert hashlib.sha256(tar_of(snapshots, id)).hexdigest() == (
        "007165e99d6304af5653e8a8cc1c8886e5719cf31bf09cbd9f50fa09008ef654"
    )
