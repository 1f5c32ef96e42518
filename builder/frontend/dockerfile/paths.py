"""Paths as Go's ``path`` package cleans and joins them, and as BuildKit reads those of a
Dockerfile: for Windows without the letter of the system drive, and with slashes."""

from __future__ import annotations

import posixpath
from functools import lru_cache

from builder.frontend.dockerfile.errors import DockerfileError
from builder.oci.goquote import go_quote


@lru_cache(1024)
def clean(path: str) -> str:
    """``path.Clean``: no ``.``, ``..``, double or trailing slashes; ``.`` for nothing."""
    cleaned = posixpath.normpath(path) if path else "."
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned


def join(*parts: str) -> str:
    """``path.Join``: empty parts skipped, the rest joined and cleaned."""
    given = [part for part in parts if part]
    return clean("/".join(given)) if given else ""


def base(path: str) -> str:
    """``path.Base``: the last part; ``/`` of slashes alone, ``.`` of nothing."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def absolute(path: str, os: str) -> str:
    """``path`` below the root; one that begins there stays as it is written on Linux.

    Raises DockerfileError as ``normalized`` does.
    """
    bare = without_drive(_slashed(path, os), os)
    return bare if bare.startswith("/") else join("/", bare)


def normalized(parent: str, path: str, *, keep_slash: bool, os: str = "linux") -> str:
    """``path`` made absolute below ``parent``; ``keep_slash`` keeps "this is a directory".

    Raises DockerfileError for a path of another drive than ``C:``.
    """
    slashed = _slashed(path, os)
    if keep_slash:
        slashed = _removing_drive(slashed, os, keep_slash=True)
        slashed = "./" if slashed in (".", "") else slashed
    bare = _removing_drive(slashed, os, keep_slash=keep_slash)
    result = clean(bare if bare.startswith("/") else join("/", _slashed(parent, os), bare))
    if keep_slash and slashed.endswith("/") and result != "/":
        result += "/"
    elif keep_slash and slashed.endswith("/."):
        result += "." if result == "/" else "/."
    return result


def without_drive(path: str, os: str) -> str:
    """``path`` without ``C:``, cleaned, for Windows; as it is for others. Raises DockerfileError
    as ``normalized`` does."""
    return _removing_drive(path, os, keep_slash=False)


def _removing_drive(path: str, os: str, *, keep_slash: bool) -> str:
    if os != "windows":
        return path
    if len(path) == 2 and path.endswith(":"):
        raise _drive_error(f"No relative path specified in {go_quote(path)}")
    if _slashed(path[:2], os) == "//":
        raise _drive_error("UNC paths are not supported")
    drive, colon, rest = path.partition(":")
    if colon and drive.lower() != "c":
        raise _drive_error("The specified path is not on the system drive (C:)")
    slashed = _slashed(rest if colon else path, os)
    cleaned = clean(slashed)
    return f"{cleaned}/" if keep_slash and slashed.endswith("/") and len(cleaned) > 1 else cleaned


def _drive_error(why: str) -> DockerfileError:
    return DockerfileError(f"removing drive letter: {why}")


def _slashed(path: str, os: str) -> str:
    return path.replace("\\", "/") if os == "windows" else path


def is_absolute(path: str, os: str) -> bool:
    """Whether ``path`` begins at the root; for Windows that of the system drive."""
    try:
        return _slashed(without_drive(path, os), os).startswith("/")
    except DockerfileError:
        return False


def workdir(current: str, path: str, os: str) -> str:
    """The working directory after ``WORKDIR path``, with slashes: for Linux an absolute one
    stays as it is written, with every slash and dot of it (BuildKit ``NormalizeWorkdir``).

    Raises DockerfileError as ``normalized`` does.
    """
    above = _slashed(current, os) or "/"
    try:
        below = without_drive(_slashed(path, os) or above, os)
        return below if below.startswith("/") else join("/", without_drive(above, os), below)
    except DockerfileError as error:
        where = "normalizing workdir: normalizing working directory"
        raise DockerfileError(f"{where}: {error}") from error


def native(path: str, os: str) -> str:
    """``path`` with the separators of ``os``."""
    return path.replace("/", "\\") if os == "windows" else path


def below_root(path: str) -> str:
    """``path`` as seen from the root of a context: ``..`` cannot leave it."""
    return join("/", path)


def contains_wildcards(name: str) -> bool:
    """Whether an unescaped ``*``, ``?`` or ``[`` stands in ``name``."""
    position = 0
    while position < len(name):
        if name[position] in "*?[":
            return True
        position += 2 if name[position] == "\\" else 1
    return False
