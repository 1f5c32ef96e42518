"""Vectors with a length in front (RFC 8446, section 3.4): writing and bounded reading."""

from __future__ import annotations

from builder.transport.handshake.errors import protocol_error


def vector(content: bytes, width: int) -> bytes:
    """``content`` with its length in ``width`` octets before it."""
    return len(content).to_bytes(width, "big") + content


def number(value: int, width: int = 2) -> bytes:
    return value.to_bytes(width, "big")


class Octets:
    """Reads ``data`` from the front; a read beyond the end is a HandshakeError (protocol)."""

    __slots__ = ("_at", "_data", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise protocol_error(f"the server's {self._what} is shorter than it says")
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        return self.take(self.number(width))

    def inside(self, width: int) -> Octets:
        """A reader of the vector that comes next."""
        return Octets(self.vector(width), self._what)
