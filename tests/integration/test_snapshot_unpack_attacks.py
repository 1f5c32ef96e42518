"""Layers from strangers: nothing outside the root is ever touched."""

from __future__ import annotations

import contextlib
import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.snapshot.layers import apply_layer
from builder.snapshot.types import SnapshotError
from tests.fixtures.layers import canary, directory, guarded_root, hard_link, layer, member, symlink

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return guarded_root(tmp_path)


ESCAPES = {
    "dot dot": [(member("../canary"), b"dead")],
    "deep dot dot": [(member("a/b/../../../canary"), b"dead")],
    "absolute": [(member("/canary"), b"dead")],
    "link to the parent": [symlink("up", ".."), (member("up/canary"), b"dead")],
    "absolute link": [symlink("up", "@OUT@"), (member("up/canary"), b"dead")],
    "a chain of links": [
        symlink("a", "b/.."),
        directory("d"),
        symlink("b", "d/../../.."),
        (member("a/canary"), b"dead"),
        (member("b/canary"), b"dead"),
    ],
    "final link": [symlink("f", "../canary"), (member("f"), b"dead")],
    "final absolute link": [symlink("f", "@OUT@/canary"), (member("f"), b"dead")],
    "directory on a link": [symlink("f", ".."), directory("f", mode=0o777, uid=9)],
    "hard link through a link": [
        symlink("up", ".."),
        hard_link("h", "up/canary"),
        (member("h"), b"dead"),
    ],
    "hard link by dot dot": [hard_link("h", "../canary")],
    "hard link by name": [hard_link("h", "@OUT@/canary")],
    "whiteout through a link": [symlink("up", ".."), member("up/.wh.canary")],
    "whiteout by dot dot": [member("../.wh.canary")],
    "opaque through a link": [symlink("up", ".."), member("up/.wh..wh..opq")],
    "opaque by dot dot": [member("../.wh..wh..opq")],
    "device through a link": [
        symlink("up", ".."),
        member("up/null", tarfile.CHRTYPE, devmajor=1, devminor=3),
    ],
    "replaced parent": [
        directory("d"),
        (member("d/x"), b"1"),
        symlink("d", ".."),
        (member("d/canary"), b"dead"),
    ],
    "link loop": [symlink("a", "b"), symlink("b", "a"), (member("a/x"), b"1")],
    "times through a link": [directory("d"), directory("d/e"), symlink("d", "..")],
}


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_outside_the_root_is_touched(root: Path, name: str) -> None:
    out = str(root.parent)
    members = []
    for item in ESCAPES[name]:
        info, data = item if isinstance(item, tuple) else (item, b"")
        info.linkname = info.linkname.replace("@OUT@", out)
        members.append((info, data))
    before = canary(root)
    with contextlib.suppress(SnapshotError):
        apply_layer(layer(*members), root)
    assert canary(root) == before


def test_a_lower_layer_may_not_lead_the_next_one_out(root: Path) -> None:
    (root / "escape").symlink_to(root.parent)
    (root / "etc").mkdir()
    (root / "etc/canary").symlink_to("../../canary")
    before = canary(root)
    apply_layer(
        layer(
            (member("escape/canary"), b"dead"),
            (member("etc/canary"), b"dead"),
            member("escape/.wh.canary"),
        ),
        root,
    )
    assert canary(root) == before


def test_a_fifo_or_device_in_the_way_is_never_opened(root: Path) -> None:
    apply_layer(
        layer(
            member("f", tarfile.FIFOTYPE),
            member("g", tarfile.CHRTYPE, devmajor=5, devminor=0),
            (member("f"), b"data"),
            (member("g"), b"data"),
        ),
        root,
    )
    assert (root / "f").read_text() == (root / "g").read_text() == "data"


parts = st.sampled_from(["a", "b", "..", ".", "", "canary", ".wh.a", ".wh.canary", ".wh..wh..opq"])
names = st.lists(parts, min_size=1, max_size=4).map("/".join)
kinds = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(kinds, names, names), max_size=8), st.integers())
def test_no_sequence_of_entries_reaches_outside(
    root: Path, entries: list[tuple[bytes, str, str]], seed: int
) -> None:
    members: list[tuple[tarfile.TarInfo, bytes]] = []
    prefix = random.Random(seed).choice(["", "/", str(root.parent) + "/", "../"])
    for kind, name, target in entries:
        info = member(name, kind, mode=0o755, uid=12)
        if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            info.linkname = prefix + target
        members.append((info, b"dead" if kind == tarfile.REGTYPE else b""))
    before = canary(root)
    with contextlib.suppress(SnapshotError):
        apply_layer(layer(*members), root)
    assert canary(root) == before
