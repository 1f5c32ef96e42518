"""Paths as Go's ``path`` package cleans and joins them, for Linux targets."""

from __future__ import annotations

import posixpath


def clean(path: str) -> str:
    """``path.Clean``: no ``.``, ``..``, double or trailing slashes; ``.`` for nothing."""
    cleaned = posixpath.normpath(path) if path else "."
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned


def join(*parts: str) -> str:
    """``path.Join``: empty parts skipped, the rest joined and cleaned."""
    given = [part for part in parts if part]
    return clean("/".join(given)) if given else ""


def normalized(parent: str, path: str, *, keep_slash: bool) -> str:
    """``path`` made absolute below ``parent``; ``keep_slash`` keeps "this is a directory"."""
    absolute = path if path.startswith("/") else join("/", parent, path)
    result = clean(absolute)
    if keep_slash and result != "/" and (path.endswith(("/", "/.")) or path in (".", "")):
        result += "/"
    return result


def workdir(current: str, path: str) -> str:
    """The working directory after ``WORKDIR path``: an absolute one stays as it is written,
    with every slash and dot of it (BuildKit ``system.NormalizeWorkdir``)."""
    if path.startswith("/"):
        return path
    return join("/", current, path)


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
