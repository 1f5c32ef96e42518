"""What is built, from the argument and -f of ``regdoctor build``, as docker takes them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO, cast

from builder.api import RequestError, is_archive, is_url

_HEAD = 1024
_MOST = 16 << 20
"""Bytes of a Dockerfile."""


def context_of(context: str, file: str, stdin: BinaryIO) -> dict[str, Any]:
    """The fields of the request that name context and Dockerfile. Raises RequestError.

    ``-`` is a tar (of any common compression) or a Dockerfile that comes on ``stdin``.
    """
    if context == "-":
        return _from_stdin(file, stdin)
    source = {"dockerfile_text": _dockerfile(stdin)} if file == "-" else {"dockerfile": file}
    if not Path(context).is_dir() and is_url(context):
        return {"context": None, "context_url": context, **source}
    return {"context": Path(context), **source}


def _from_stdin(file: str, stdin: BinaryIO) -> dict[str, Any]:
    if file == "-":
        raise RequestError(
            "invalid argument: can't use stdin for both build context and dockerfile"
        )
    head = stdin.read(_HEAD)
    whole = cast("BinaryIO", io.BufferedReader(_Joined(head, stdin), 1 << 16))
    if is_archive(head):
        return {"context": None, "context_archive": whole, "dockerfile": file}
    if file:
        raise RequestError(
            "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles",
            hint="what came on stdin is no archive, so it was taken for the Dockerfile",
        )
    return {"context": None, "dockerfile_text": _dockerfile(whole)}


def _dockerfile(stream: BinaryIO) -> bytes:
    text = stream.read(_MOST + 1)
    if len(text) > _MOST:
        raise RequestError(f"the Dockerfile on stdin is larger than {_MOST >> 20} MiB")
    return text


class _Joined(io.RawIOBase):
    """What was read of a stream already, and then the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        data = self._head[:size] or self._rest.read(size)
        self._head = self._head[size:]
        buffer[: len(data)] = data
        return len(data)
