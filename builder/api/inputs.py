"""What a build reads before it starts: the Dockerfile and its ignore file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from msgspec import Struct

from builder.api.errors import RequestError
from builder.api.request import BuildRequest
from builder.frontend.dockerfile.errors import IgnorePatternError
from builder.frontend.dockerfile.ignore import read_patterns
from builder.snapshot import paths

LIMIT = 16 << 20
"""Most bytes of a Dockerfile or ignore file."""


class BuildFiles(Struct, frozen=True):
    """``name`` is what the Dockerfile is called in messages; ``sent`` counts the bytes of an
    ignore file as a transfer would show them. ``vertex`` is the digest of the step that
    brought it; "" for a file that is read here."""

    name: str
    source: bytes
    ignore_patterns: tuple[str, ...]
    sent: int
    vertex: str = ""


def read_files(request: BuildRequest) -> BuildFiles:
    """Raises RequestError where the context or a file in it is missing or unreadable."""
    context = request.context
    if context is None:
        return BuildFiles("Dockerfile", _given(request), (), 2)
    if not context.is_dir():
        if context.exists():
            raise RequestError(
                f"unable to prepare context: path {str(context)!r} is not a directory",
                hint="give the directory, and the Dockerfile with -f",
            )
        raise RequestError(f'unable to prepare context: path "{context}" not found')
    if request.dockerfile_text is not None:
        name, source, ignore = "Dockerfile", request.dockerfile_text, None
    else:
        path = _dockerfile(request, context)
        name = path.name
        source = read_input(path, context, f"failed to read dockerfile: open {name}")
        ignore = path.with_name(path.name + ".dockerignore")
    patterns, size = _ignore(request, context, ignore)
    return BuildFiles(name, source, patterns, size)


def _given(request: BuildRequest) -> bytes:
    """The Dockerfile of a build that has no context."""
    if request.dockerfile_text is not None:
        return request.dockerfile_text
    path = Path(request.dockerfile or "Dockerfile")
    return read_input(path, path.parent, f"failed to read dockerfile: open {path}")


def _dockerfile(request: BuildRequest, context: Path) -> Path:
    if request.dockerfile:
        path = Path(request.dockerfile)
        # docker takes -f from where one stands; BuildKit's own client from the context
        if not path.exists() and not path.is_absolute():
            inside = context / path
            path = inside if inside.exists() else path
        return path
    path = context / "Dockerfile"
    lower = context / "dockerfile"
    return lower if not path.exists() and lower.exists() else path


def _ignore(
    request: BuildRequest, context: Path, beside: Path | None
) -> tuple[tuple[str, ...], int]:
    if request.ignore_file is not None:
        candidates = [request.ignore_file]
        if not request.ignore_file.exists():
            raise RequestError(f"--ignore-file {request.ignore_file}: no such file")
    else:
        candidates = [] if beside is None else [beside]
        candidates.append(context / ".dockerignore")
    for path in candidates:
        if path.exists():
            data = read_input(path, context, f"failed to read {path.name}")
            return ignored(data, path.name), len(data) + len(path.name) + 2
    return (), 2


def ignored(data: bytes, name: str) -> tuple[str, ...]:
    """The patterns of the ignore file ``name``. Raises RequestError."""
    try:
        return read_patterns(data, name)
    except IgnorePatternError as error:
        raise RequestError(str(error), hint=error.hint) from error


def read_input(path: Path, context: Path, doing: str) -> bytes:
    """A whole file. Raises RequestError, ``doing`` before the reason.

    One below ``context`` comes from whoever made that: links in it are followed as if it
    were the whole file system, and nothing but a regular file is read. Any other was named
    by the user, who may have it come through a pipe.
    """
    try:
        with open(_opened(path, context), "rb") as file:
            data = file.read(LIMIT + 1)
    except (OSError, paths.PathError) as error:
        why = error.strerror if isinstance(error, OSError) else ""
        raise RequestError(
            f"{doing}: {(why or str(error)).lower()}",
            hint=f"looked for {path}; name another Dockerfile with -f FILE"
            if "dockerfile" in doing
            else "",
        ) from error
    if len(data) > LIMIT:
        raise RequestError(f"{doing}: larger than {LIMIT >> 20} MiB")
    return data


def _opened(path: Path, context: Path) -> int:
    """A descriptor of ``path``, for reading."""
    place = os.path.normpath(path.absolute())
    for root in (os.path.normpath(context.absolute()), os.path.realpath(context)):
        if os.path.commonpath((root, place)) == root:
            break
    else:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    within = paths.root_path(os.path.realpath(context), os.path.relpath(place, root))
    descriptor = os.open(within, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
    raise OSError(number, os.strerror(number) if stat.S_ISDIR(mode) else "not a regular file")
