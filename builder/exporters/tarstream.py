"""A tar archive written as a stream, with the bytes that Go's ``archive/tar`` writes."""

from __future__ import annotations

from typing import BinaryIO

from builder.exporters.errors import ExportError
from builder.snapshot import tarwrite

_CHUNK = 1 << 20


class TarStream:
    """Entries go out in the order of the calls; ``end`` closes the archive, not the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def header(self, header: bytes) -> None:
        """An entry without content, made by ``tarwrite.entry``."""
        self._file.write(header)

    def content(self, header: bytes, source: BinaryIO, size: int) -> None:
        """An entry with exactly ``size`` bytes of ``source``. Raises ExportError."""
        self._file.write(header)
        left = size
        while left:
            data = source.read(min(left, _CHUNK))
            if not data:
                raise ExportError(f"{getattr(source, 'name', 'a blob')} became shorter meanwhile")
            self._file.write(data)
            left -= len(data)
        self._file.write(tarwrite.padding(size))

    def end(self) -> None:
        self._file.write(tarwrite.END)
