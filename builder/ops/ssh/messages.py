"""Messages of the agent protocol: a length, a type, and what the type says."""

from __future__ import annotations

import asyncio
import struct

FAILURE = 5
LIST_V1 = 1
"""A question of protocol 1, which has no keys any more."""
LIST_V1_ANSWER = 2
LIST = 11
LIST_ANSWER = 12
SIGN = 13
SIGN_ANSWER = 14

LIMIT = 256 * 1024
"""Longest message in bytes, as OpenSSH's agent."""


class InvalidMessage(ValueError):
    """A message that is none; whoever sent it is not answered any more."""


async def read(reader: asyncio.StreamReader) -> bytes | None:
    """The next message, its type first; None at the end. Raises InvalidMessage."""
    try:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        if not 0 < length <= LIMIT:
            raise InvalidMessage(f"a message of {length} bytes")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def framed(message: bytes) -> bytes:
    """``message`` as it goes over the wire."""
    return struct.pack(">I", len(message)) + message


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def take_string(data: bytes) -> tuple[bytes, bytes]:
    """The string that ``data`` begins with, and the rest. Raises InvalidMessage."""
    if len(data) < 4:
        raise InvalidMessage("a string without a length")
    (length,) = struct.unpack(">I", data[:4])
    if len(data) < 4 + length:
        raise InvalidMessage("a string that is cut off")
    return data[4 : 4 + length], data[4 + length :]


def mpint(number: int) -> bytes:
    """A positive number (RFC 4251, section 5)."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")
