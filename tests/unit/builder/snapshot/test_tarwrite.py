"""Headers as Go's archive/tar writes them."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.snapshot import tarwrite

T = 1445412480


def directory(name: bytes) -> bytes:
    return tarwrite.entry(name, b"5", mode=0o755, mtime=T)


def regular(name: bytes, data: bytes, mode: int = 0o644) -> bytes:
    header = tarwrite.entry(name, b"0", mode=mode, size=len(data), mtime=T)
    return header + data + tarwrite.padding(len(data))


BASE = [
    directory(b"base/"),
    regular(b"base/base.txt", b"compatibility base\n"),
    directory(b"proc/"),
    directory(b"sys/"),
]


def inputs(git_mode: int) -> list[bytes]:
    return [
        directory(b"inputs/"),
        directory(b"inputs/git/"),
        regular(b"inputs/git/git.txt", b"git fixture\n", git_mode),
        regular(b"inputs/git/nested.txt", b"nested fixture\n", git_mode),
        regular(b"inputs/http.txt", b"http fixture\n", 0o600),
        regular(b"inputs/llb.txt", b"llb fixture\n"),
    ]


GENERATED = [
    directory(b"generated/"),
    directory(b"generated/deeper/"),
    regular(b"generated/deeper/nested.txt", b"nested-exec\n"),
    regular(b"generated/exec.txt", b"exec-fixture\n"),
]


@pytest.mark.parametrize(
    ("entries", "diff_id"),
    [
        (BASE, "007165e99d6304af5653e8a8cc1c8886e5719cf31bf09cbd9f50fa09008ef654"),
        (inputs(0o644), "9228085939d1444bd500ac8a4f8ee9d39fed1e5905da0968ffed61887ab41042"),
        (inputs(0o666), "78260322e6ea253e5f3f675b3140ebe95ae8fc7e0ac2b1b3b88f1c8fc83525ce"),
        (GENERATED, "672c0da84adab23797eebbf41315e289f03b02e266bdd6f6e88a7736583a4466"),
    ],
)
def test_layers_equal_those_of_buildkit_byte_for_byte(entries: list[bytes], diff_id: str) -> None:
    layer = b"".join(entries) + tarwrite.END
    assert hashlib.sha256(layer).hexdigest() == diff_id


def read_one(header: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(header + tarwrite.END), mode="r:") as archive:
        return archive.getmembers()[0]


names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=120
).filter(lambda name: name not in (".", ".."))


@settings(deadline=None)
@given(
    parts=st.lists(names, min_size=1, max_size=4),
    uid=st.integers(0, 2**32 - 2),
    mode=st.integers(0, 0o7777),
    mtime=st.integers(-(10**9), 10**12),
    capability=st.binary(max_size=40),
)
def test_any_entry_is_read_back_by_the_standard_library(
    parts: list[str], uid: int, mode: int, mtime: int, capability: bytes
) -> None:
    name = "/".join(parts)
    header = tarwrite.entry(
        name.encode(),
        b"2",
        link=name.encode(),
        uid=uid,
        gid=uid,
        mode=mode,
        mtime=mtime,
        xattrs={b"security.capability": capability},
    )
    assert len(header) % 512 == 0
    found = read_one(header)
    assert (found.name, found.linkname) == (name.rstrip("/"), name)
    assert (found.uid, found.gid, found.mode, found.mtime) == (uid, uid, mode, mtime)


@settings(deadline=None)
@given(st.lists(names, min_size=1, max_size=5))
def test_any_whiteout_is_read_back_by_the_standard_library(parts: list[str]) -> None:
    name = "/".join([*parts[:-1], ".wh." + parts[-1]])
    found = read_one(tarwrite.whiteout(name.encode()))
    assert (found.name, found.size, found.mode, found.mtime, found.uid) == (name, 0, 0, 0, 0)


def test_a_long_ascii_whiteout_uses_the_prefix_field_and_no_extended_header() -> None:
    header = tarwrite.whiteout(b"a" * 90 + b"/.wh." + b"b" * 90)
    assert len(header) == 512
    assert header[345:435] == b"a" * 90


def test_a_long_entry_uses_an_extended_header_with_go_s_title() -> None:
    header = tarwrite.entry(b"dir/" + b"n" * 120 + b"/", b"5", mode=0o755)
    assert len(header) == 512 * 3
    assert header[:100].rstrip(b"\0") == (b"dir/" + b"n" * 120 + b"/PaxHeaders.0")[:100]
    assert header[156:157] == b"x"
    assert header[329:345] == bytes(16), "extended headers have no device numbers"


def test_a_record_counts_its_own_digits() -> None:
    # 99 bytes without the length would need three digits, 100 in all.
    value = b"v" * (99 - len(b" path=\n") - 2)
    header = tarwrite.entry(b"n", b"0", xattrs={b"x": value})
    record = header[512 : header.index(b"\n", 512) + 1]
    assert int(record.split(b" ")[0]) == len(record)


def test_numbers_too_large_for_octal_go_into_records_and_leave_zeros() -> None:
    header = tarwrite.entry(b"n", b"0", size=0o100000000000, uid=0o10000000)
    block = header[-512:]
    assert block[124:136] == b"00000000000\0"
    assert block[108:116] == b"0000000\0"
    assert b"size=8589934592\n" in header
    assert b"uid=2097152\n" in header
