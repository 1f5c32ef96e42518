"""Any archive of the standard library is read; what is broken is an error."""

from __future__ import annotations

import contextlib
import io
import random
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.snapshot.tarread import Entry, InvalidTar, TarReader
from builder.snapshot.types import SnapshotError

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, as a decompressor may."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._step) if size >= 0 else self._step)


def archive(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=kind) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def read(data: bytes, step: int = 1 << 20) -> list[tuple[Entry, bytes]]:
    reader = TarReader(Dribble(data, step))  # type: ignore[arg-type]
    return [(entry, b"".join(reader.data())) for entry in reader]


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1)
paths = st.lists(names, min_size=1, max_size=30).map("/".join)


@settings(deadline=None)
@given(
    files=st.lists(st.tuples(paths, st.binary(max_size=2000)), max_size=5),
    step=st.integers(1, 3000),
    kind=st.sampled_from(FORMATS[1:]),
)
def test_what_the_standard_library_wrote_is_read(
    files: list[tuple[str, bytes]], step: int, kind: int
) -> None:
    found = read(archive(*((tarfile.TarInfo(n), d) for n, d in files), kind=kind), step)
    assert [(entry.name.decode(), data) for entry, data in found] == files


@pytest.mark.parametrize("kind", FORMATS)
def test_all_fields_are_read(kind: int) -> None:
    info = tarfile.TarInfo("d/dev")
    info.type, info.devmajor, info.devminor = tarfile.BLKTYPE, 8, 17
    info.uid, info.gid, info.mode, info.mtime = 1000, 1001, 0o4711, 1700000000
    ((entry, _),) = read(archive((info, b""), kind=kind))
    assert (entry.kind, entry.major, entry.minor) == (b"4", 8, 17)
    assert (entry.uid, entry.gid, entry.mode) == (1000, 1001, 0o4711)
    assert entry.mtime_ns == 1700000000 * 10**9


@pytest.mark.parametrize("kind", FORMATS[1:])
def test_numbers_beyond_octal_are_read(kind: int) -> None:
    info = tarfile.TarInfo("f")
    info.uid = 0x7FFFFFFF
    info.mtime = -5
    ((entry, _),) = read(archive((info, b""), kind=kind))
    assert (entry.uid, entry.mtime_ns) == (0x7FFFFFFF, -5 * 10**9)


def test_extended_records_are_read() -> None:
    info = tarfile.TarInfo("f")
    info.pax_headers = {
        "mtime": "1700000000.123456789012",
        "SCHILY.xattr.user.a": "b=c",
        "uid": "70000",
        "unknown.key": "x",
    }
    ((entry, _),) = read(archive((info, b"")))
    assert entry.mtime_ns == 1700000000123456789
    assert entry.xattrs == {b"user.a": b"b=c"}
    assert entry.uid == 70000


def test_records_hold_for_the_next_entry_only() -> None:
    first, second = tarfile.TarInfo("é" * 80), tarfile.TarInfo("plain")
    assert [entry.name for entry, _ in read(archive((first, b""), (second, b"1")))] == [
        ("é" * 80).encode(),
        b"plain",
    ]


def test_data_that_nobody_reads_is_skipped() -> None:
    data = archive((tarfile.TarInfo("a"), b"x" * 5000), (tarfile.TarInfo("b"), b"y"))
    reader = TarReader(Dribble(data, 700))  # type: ignore[arg-type]
    assert [entry.name for entry in reader] == [b"a", b"b"]


def test_an_archive_may_end_without_zero_blocks() -> None:
    data = archive((tarfile.TarInfo("a"), b"x"))[:1024]
    assert [content for _, content in read(data)] == [b"x"]


def test_a_global_header_is_ignored() -> None:
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w:", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x"}
    ) as tar:
        tar.addfile(tarfile.TarInfo("a"))
    assert [entry.name for entry, _ in read(out.getvalue())] == [b"a"]


GOOD = archive((tarfile.TarInfo("a"), b"x" * 600))


@pytest.mark.parametrize("length", [100, 511, 513, 900, 1535])
def test_an_archive_that_breaks_off_is_an_error(length: int) -> None:
    with pytest.raises(InvalidTar):
        read(GOOD[:length])


def test_a_wrong_checksum_is_an_error() -> None:
    with pytest.raises(InvalidTar, match="checksum"):
        read(b"b" + GOOD[1:])


@pytest.mark.parametrize(
    "records",
    [
        {"GNU.sparse.map": "0,5", "GNU.sparse.size": "3"},
        {"GNU.sparse.map": "4,1,0,4", "GNU.sparse.size": "9"},
        {"GNU.sparse.map": "0,4", "GNU.sparse.size": "9"},
        {"GNU.sparse.map": "0,5,7", "GNU.sparse.size": "9"},
        {"GNU.sparse.map": "0,5"},
        {"GNU.sparse.map": "0,5", "GNU.sparse.size": "9223372036854775808"},
        {"GNU.sparse.map": "a,b", "GNU.sparse.size": "9"},
        {"GNU.sparse.major": "1", "GNU.sparse.realsize": "9"},
    ],
)
def test_a_sparse_file_with_a_map_that_lies_is_an_error(records: dict[str, str]) -> None:
    info = tarfile.TarInfo("holes")
    info.pax_headers = records
    with pytest.raises(InvalidTar):
        read(archive((info, b"12345")))


def test_an_endless_extended_header_is_not_read_into_memory() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 5 << 30
    with pytest.raises(InvalidTar, match="extended header"):
        read(info.tobuf(tarfile.USTAR_FORMAT))


@pytest.mark.parametrize(
    "records", [b"nonsense", b"5 a=b\n", b"999 a=b\n", b"6 a\xff=\n", b"6 a=bc", b"-1 a=b\n"]
)
def test_broken_records_are_an_error(records: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    data = archive((info, records)) + archive((tarfile.TarInfo("a"), b""))
    if records == b"6 a\xff=\n":
        read(data)  # a key of any bytes is well formed
        return
    with pytest.raises(InvalidTar):
        read(data)


@pytest.mark.parametrize(
    "records",
    [
        {"uid": "4294967295"},
        {"gid": "99999999999999999999"},
        {"uid": "-1"},
        {"size": "-1"},
        {"size": "1" * 5000},
        {"uid": "x"},
        {"mtime": "soon"},
        {"linkpath": "a\0b"},
        {"path": "a\0b"},
        {"SCHILY.xattr.a\0b": "v"},
    ],
)
def test_what_no_kernel_could_take_is_an_error(records: dict[str, str]) -> None:
    info = tarfile.TarInfo("f")
    info.pax_headers = records
    with pytest.raises(InvalidTar):
        read(archive((info, b"")))


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_noise_never_ends_in_another_error(noise: bytes) -> None:
    with contextlib.suppress(SnapshotError):
        read(noise)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_damaged_archive_never_ends_in_another_error(seed: int, flips: int) -> None:
    source = random.Random(seed)
    info = tarfile.TarInfo("é" * 60)
    info.pax_headers = {"SCHILY.xattr.user.x": "y"}
    data = bytearray(archive((info, b"hello"), (tarfile.TarInfo("b"), b"")))
    for _ in range(flips):
        data[source.randrange(len(data))] = source.randrange(256)
    with contextlib.suppress(SnapshotError):
        read(bytes(data))
