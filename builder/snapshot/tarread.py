"""A lean reader of tar streams: USTAR, PAX (POSIX.1-2001), and GNU long names.

Reads forward only, in constant memory. What it does not understand (broken checksums,
negative sizes, unknown types) is an error and never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from builder.snapshot import sparse
from builder.snapshot.types import SnapshotError

_READ = 1 << 20
_META_LIMIT = 1 << 20
"""Bytes of one extended header; Go's archive/tar allows as many."""
_ZERO = bytes(512)
_MAX_ID = 0xFFFFFFFE
"""The next one means "leave it as it is" to chown(2)."""
_MAX_DEVICE = 0xFFFFFFF
_XATTR = b"SCHILY.xattr."
_SPARSE_PARTS = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")

REGULAR, LINK, SYMLINK, CHAR, BLOCK, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
_KNOWN = frozenset((REGULAR, LINK, SYMLINK, CHAR, BLOCK, DIRECTORY, FIFO))


class InvalidTar(SnapshotError):
    """A stream that is no tar archive, or breaks off in one."""


class Entry:
    """One member: names as bytes, times in nanoseconds, ``xattrs`` by name.

    ``sparse`` lists the extents of a sparse file, whose data holds nothing else; ``size`` is
    that of the file then.
    """

    __slots__ = (
        "gid",
        "kind",
        "link",
        "major",
        "minor",
        "mode",
        "mtime_ns",
        "name",
        "size",
        "sparse",
        "uid",
        "xattrs",
    )

    kind: bytes
    name: bytes
    link: bytes
    mode: int
    uid: int
    gid: int
    size: int
    sparse: sparse.Extents | None
    mtime_ns: int
    major: int
    minor: int
    xattrs: dict[bytes, bytes]


class TarReader:
    """Iterates the entries of ``stream``; ``data`` gives the bytes of the current one."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = stream.read
        self._buffer = memoryview(b"")
        self._at = 0
        self._left = 0
        """Bytes of the current entry, with its padding, that nobody has read."""
        self._padding = 0

    def __iter__(self) -> Iterator[Entry]:
        pax: dict[bytes, bytes] = {}
        long_name = long_link = b""
        while True:
            self._skip()
            header = self._header()
            if header is None:
                return
            kind = header[156:157]
            if kind == b"x":
                pax = _parse_pax(self._meta(header))
            elif kind == b"L":
                long_name = self._meta(header).rstrip(b"\0")
            elif kind == b"K":
                long_link = self._meta(header).rstrip(b"\0")
            elif kind == b"g":
                self._meta(header)  # defaults for all entries: containerd ignores them too
            else:
                entry = _entry(header, kind, pax, long_name, long_link)
                self._left = entry.size
                self._padding = -entry.size % 512
                if sparse.is_sparse(kind, pax):
                    self._read_map(entry, header, kind, pax)
                yield entry
                pax, long_name, long_link = {}, b"", b""

    def _read_map(self, entry: Entry, header: bytes, kind: bytes, pax: dict[bytes, bytes]) -> None:
        try:
            if kind == b"S":
                extents, entry.size = sparse.old_extents(header, self._block)
            elif b"GNU.sparse.major" in pax:
                extents, entry.size, used = sparse.data_extents(pax, self._block)
                self._left -= used
            else:
                extents, entry.size = sparse.pax_extents(pax)
            sparse.check(extents, entry.size, self._left)
        except (ValueError, KeyError) as error:
            name = _shown(entry.name)
            raise InvalidTar(f"{name} is a sparse file that cannot be read: {error}") from error
        entry.sparse = extents

    def _block(self) -> bytes:
        block = self._take(512)
        if len(block) < 512:
            raise InvalidTar("the layer ends in the map of a sparse file")
        return block

    def data(self) -> Iterator[memoryview]:
        """The bytes of the current entry, in pieces of at most 1 MiB."""
        while self._left:
            if self._at == len(self._buffer) and not self._fill():
                raise InvalidTar("the layer ends in the middle of a file")
            piece = self._buffer[self._at : self._at + self._left]
            self._at += len(piece)
            self._left -= len(piece)
            yield piece

    def drain(self) -> None:
        """Read to the end of the stream: what follows the archive counts in its digest."""
        self._buffer, self._at = memoryview(b""), 0
        while self._fill():
            pass

    def _fill(self) -> bool:
        self._buffer = memoryview(self._read(_READ))
        self._at = 0
        return len(self._buffer) > 0

    def _take(self, count: int) -> bytes:
        """``count`` bytes, fewer at the end of the stream."""
        at = self._at
        if len(self._buffer) - at >= count:
            self._at = at + count
            return bytes(self._buffer[at : at + count])
        pieces = []
        while count:
            piece = self._buffer[self._at : self._at + count]
            self._at += len(piece)
            count -= len(piece)
            pieces.append(bytes(piece))
            if count and not self._fill():
                break
        return b"".join(pieces)

    def _skip(self) -> None:
        count = self._left + self._padding
        self._left = self._padding = 0
        while count:
            step = min(count, len(self._buffer) - self._at)
            self._at += step
            count -= step
            if count and not self._fill():
                raise InvalidTar("the layer ends in the middle of a file")

    def _header(self) -> bytes | None:
        header = self._take(512)
        if len(header) < 512:
            if header:
                raise InvalidTar("the layer ends in the middle of a header")
            return None
        if header == _ZERO:
            return None
        return header

    def _meta(self, header: bytes) -> bytes:
        _verify(header)
        size = _number(header[124:136])
        if not 0 <= size <= _META_LIMIT:
            raise InvalidTar(f"an extended header of {size} bytes")
        data = self._take(size)
        if len(data) < size:
            raise InvalidTar("the layer ends in the middle of an extended header")
        self._padding = -size % 512
        return data


def _verify(header: bytes) -> None:
    stored = _number(header[148:156])
    found = sum(header) - sum(header[148:156]) + 256
    if stored != found:
        high = sum(1 for byte in header[:148] + header[156:] if byte > 127)
        if stored != found - 256 * high:  # some writers add signed bytes
            raise InvalidTar("a header with a wrong checksum: not a tar archive, or damaged")


def _number(field: bytes) -> int:
    """Octal text, or base-256 where the first bit is set (GNU)."""
    first = field[0]
    if first & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if first & 0x40 else value
    text = field.strip(b" \0")
    if not text:
        return 0
    try:
        return int(text.partition(b"\0")[0], 8)
    except ValueError as error:
        raise InvalidTar(f"a header with the number {field!r}") from error


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _entry(
    header: bytes, kind: bytes, pax: dict[bytes, bytes], long_name: bytes, long_link: bytes
) -> Entry:
    _verify(header)
    entry = Entry()
    name = _text(header[:100])
    # GNU archives (magic "ustar  ") keep times where POSIX has the prefix.
    if header[257:263] == b"ustar\0" and header[345]:
        name = _text(header[345:500]) + b"/" + name
    entry.name = pax.get(b"GNU.sparse.name") or pax.get(b"path") or long_name or name
    entry.sparse = None
    entry.link = pax.get(b"linkpath") or long_link or _text(header[157:257])
    entry.mode = _number(header[100:108]) & 0o7777
    entry.uid = _decimal(pax, b"uid") if b"uid" in pax else _number(header[108:116])
    entry.gid = _decimal(pax, b"gid") if b"gid" in pax else _number(header[116:124])
    entry.size = _decimal(pax, b"size") if b"size" in pax else _number(header[124:136])
    mtime = pax.get(b"mtime")
    entry.mtime_ns = _nanoseconds(mtime) if mtime else _number(header[136:148]) * 10**9
    entry.major, entry.minor = 0, 0
    if kind in (b"\0", b"7", b"S"):  # an old regular file, a "contiguous", a sparse one
        kind = DIRECTORY if kind == b"\0" and entry.name.endswith(b"/") else REGULAR
    if kind not in _KNOWN:
        raise InvalidTar(f"{_shown(entry.name)} has the unknown type {kind!r}")
    if kind in (CHAR, BLOCK):
        entry.major, entry.minor = _number(header[329:337]), _number(header[337:345])
    if kind != REGULAR:
        entry.size = 0  # archives of old set a size on links, and no data follows
    _check_range(entry)
    entry.kind = kind
    entry.xattrs = (
        {key[len(_XATTR) :]: value for key, value in pax.items() if key.startswith(_XATTR)}
        if pax
        else {}
    )
    if any(b"\0" in text for text in (entry.name, entry.link, *entry.xattrs)):
        raise InvalidTar(f"{_shown(entry.name)} has a NUL byte in a name")
    return entry


def _check_range(entry: Entry) -> None:
    """What no kernel could take is refused here, by name."""
    if entry.size < 0 or not 0 <= entry.uid <= _MAX_ID or not 0 <= entry.gid <= _MAX_ID:
        raise InvalidTar(f"{_shown(entry.name)} has an impossible size or owner")
    if not 0 <= entry.major <= _MAX_DEVICE or not 0 <= entry.minor <= _MAX_DEVICE:
        raise InvalidTar(f"{_shown(entry.name)} has an impossible device number")


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _decimal(pax: dict[bytes, bytes], key: bytes) -> int:
    try:
        return int(pax[key])
    except ValueError as error:
        raise InvalidTar(f"an extended header with {_shown(key)} {pax[key]!r}") from error


def _nanoseconds(text: bytes) -> int:
    """Seconds with a decimal fraction, exactly; digits below a nanosecond are cut off."""
    whole, _, fraction = text.partition(b".")
    try:
        seconds = int(whole or b"0")
        part = int((fraction + b"000000000")[:9]) if fraction else 0
    except ValueError as error:
        raise InvalidTar(f"an extended header with the time {text!r}") from error
    return seconds * 10**9 + (-part if whole.startswith(b"-") else part)


def _parse_pax(data: bytes) -> dict[bytes, bytes]:
    """Records ``<length> <key>=<value>\\n``; the length counts the whole record."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at:space] if space > 0 else b""
        if not digits.isdigit():
            raise InvalidTar("an extended header without a record length")
        end = at + int(digits)
        record = data[space + 1 : end]
        key, equals, value = record[:-1].partition(b"=")
        if end > len(data) or not record.endswith(b"\n") or not equals or not key:
            raise InvalidTar("an extended header with a broken record")
        if key in _SPARSE_PARTS:  # the form 0.0 repeats two records in place of a map
            key, value = b"GNU.sparse.map", records.get(b"GNU.sparse.map", b"") + b"," + value
        records[key] = value
        at = end
    return records
