"""Tar headers, byte for byte as Go's ``archive/tar`` writes those of containerd's differ.

Entries are in its PAX format: a USTAR block, preceded by an extended header only where a
name is long or not ASCII, a number does not fit, or there are xattrs. Whiteouts are in its
USTAR format, which splits long names at a slash instead.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAME = 100
_PREFIX = 155
_SEVEN = 0o7777777
_ELEVEN = 0o77777777777
END = bytes(1024)
"""Two zero blocks: the end of an archive."""


def entry(
    name: bytes,
    kind: bytes,
    *,
    link: bytes = b"",
    mode: int = 0,
    uid: int = 0,
    gid: int = 0,
    size: int = 0,
    mtime: int = 0,
    major: int = 0,
    minor: int = 0,
    xattrs: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """The header of one entry, with its extended header where it needs one.

    ``name`` ends in ``/`` for a directory; ``mtime`` is in whole seconds. ``xattrs`` go
    into ``SCHILY.xattr`` records.
    """
    records: dict[bytes, bytes] = {}
    if len(name) > _NAME or not name.isascii():
        records[b"path"] = name
    if len(link) > _NAME or not link.isascii():
        records[b"linkpath"] = link
    for key, value, limit in (
        (b"uid", uid, _SEVEN),
        (b"gid", gid, _SEVEN),
        (b"size", size, _ELEVEN),
        (b"mtime", mtime, _ELEVEN),
    ):
        if not 0 <= value <= limit:
            records[key] = b"%d" % value
    if xattrs:
        records.update({b"SCHILY.xattr." + key: value for key, value in xattrs.items()})
    block = _block(name, b"", kind, link, mode, uid, gid, size, mtime, major, minor)
    return _extended(name, records) + block if records else block


def whiteout(name: bytes) -> bytes:
    """The header of an empty file ``dir/.wh.NAME``, all numbers zero."""
    if len(name) <= _NAME and name.isascii():
        return _block(name, b"", b"0", b"", 0, 0, 0, 0, 0, 0, 0)
    split = _split(name)
    if split is None:
        return entry(name, b"0")
    return _block(split[1], split[0], b"0", b"", 0, 0, 0, 0, 0, 0, 0)


def padding(size: int) -> bytes:
    """What fills the last block of ``size`` bytes of data."""
    return bytes(-size % 512)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Prefix and name of a USTAR header; None where it cannot be split."""
    if not name.isascii():
        return None
    at = name.rfind(b"/", 0, min(len(name), _PREFIX + 1))
    rest = len(name) - at - 1
    if at <= 0 or not 0 < rest <= _NAME:
        return None
    return name[:at], name[at + 1 :]


def _block(
    name: bytes,
    prefix: bytes,
    kind: bytes,
    link: bytes,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    major: int,
    minor: int,
) -> bytes:
    head = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        _field(name, _NAME),
        mode,
        uid if 0 <= uid <= _SEVEN else 0,
        gid if 0 <= gid <= _SEVEN else 0,
        size if 0 <= size <= _ELEVEN else 0,
        mtime if 0 <= mtime <= _ELEVEN else 0,
    )
    tail = b"%b%bustar\x0000%b%07o\0%07o\0%b" % (
        kind,
        _field(link, _NAME),
        bytes(64),
        major,
        minor,
        prefix.ljust(167, b"\0"),
    )
    return b"%b%06o\0 %b" % (head, sum(head) + sum(tail) + 256, tail)


def _field(text: bytes, width: int) -> bytes:
    """ASCII characters only, cut off; a cut directory name does not end in a slash."""
    if not text.isascii():
        text = bytes(byte for byte in text if byte < 0x80)
    if len(text) > width:
        cut = text[:width]
        text = text[: width - 1].rstrip(b"/") if cut.endswith(b"/") else cut
    return text.ljust(width, b"\0")


def _extended(name: bytes, records: Mapping[bytes, bytes]) -> bytes:
    """An ``x`` entry with ``records``, sorted by key."""
    data = b"".join(_record(key, records[key]) for key in sorted(records))
    folder, _, base = name.rpartition(b"/")
    # As path.Join(dir, "PaxHeaders.0", base): no empty parts.
    title = b"/".join(part for part in (folder, b"PaxHeaders.0", base) if part)
    title = bytes(byte for byte in title if byte < 0x80)[:_NAME].rstrip(b"/")
    head = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        title.ljust(_NAME, b"\0"), 0, 0, 0, len(data), 0,
    )  # fmt: skip
    # No device numbers here: this block's fields stay NUL.
    tail = b"x" + bytes(100) + b"ustar\x0000" + bytes(247)
    block = b"%b%06o\0 %b" % (head, sum(head) + sum(tail) + 256, tail)
    return block + data + padding(len(data))


def _record(key: bytes, value: bytes) -> bytes:
    """``<length> <key>=<value>\\n``, where the length counts its own digits."""
    length = len(key) + len(value) + 3
    length += len(str(length))
    record = b"%d %b=%b\n" % (length, key, value)
    if len(record) != length:
        record = b"%d %b=%b\n" % (len(record), key, value)
    return record
