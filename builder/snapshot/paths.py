"""Paths inside a tree, resolved as a process chrooted there would (fsutil, continuity)."""

from __future__ import annotations

import os
import re
import stat

from builder.snapshot.types import SnapshotError

_MAX_LINKS = 255


class PathError(SnapshotError):
    """A path or pattern that names nothing; the message is BuildKit's where it has one."""


def clean(path: str) -> str:
    """Absolute and without ``.``, ``..`` and double slashes; a trailing ``/`` or ``/.`` stays.

    The trailing part tells a directory from a name yet to be given (BuildKit ``cleanPath``).
    """
    cleaned = os.path.normpath("/" + path).replace("//", "/", 1)
    if path.endswith("/."):
        return cleaned.rstrip("/") + "/."
    if path.endswith("/") and cleaned != "/":
        return cleaned + "/"
    return cleaned


def root_path(root: str, path: str, *, follow_last: bool = True) -> str:
    """Where ``path`` is, with every link resolved inside ``root``; it need not exist.

    ``..`` stops at the root. Without ``follow_last`` a link in the last place is kept.
    """
    remaining = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    resolved: list[str] = []
    links = 0
    while remaining:
        part = remaining.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if resolved:
                resolved.pop()
            continue
        if not remaining and not follow_last:
            resolved.append(part)
            break
        try:
            target = os.readlink("/".join((root, *resolved, part)))
        except OSError:
            resolved.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise PathError(f"too many links in {path!r}")
        if target.startswith("/"):
            resolved = []
        remaining.extend(reversed(target.split("/")))
    return "/".join((root.rstrip("/"), *resolved)) if resolved else root


def read_regular(root: str, path: str, limit: int = 16 << 20) -> bytes | None:
    """At most ``limit`` bytes of a regular file of the tree; None where there is none.

    A directory, fifo or device that an image has in its place is not opened for reading.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(root_path(root, path), flags)
    except (OSError, PathError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)


def has_wildcard(path: str) -> bool:
    """Whether ``path`` has an unescaped ``*``, ``?`` or ``[``."""
    return re.search(r"(?<!\\)(?:\\\\)*[*?\[]", path) is not None


def glob_regex(pattern: str) -> re.Pattern[str]:
    """Go's ``filepath.Match`` as a regular expression; raises PathError for a bad pattern.

    What follows a ``*`` is taken where it first matches and never looked for again, as in Go:
    so no pattern takes more than its length times that of the name.
    """
    chunks: list[list[str]] = [[]]
    position, end = 0, len(pattern)
    while position < end:
        out = chunks[-1]
        char = pattern[position]
        position += 1
        if char == "*":
            if len(chunks) == 1 or out:
                chunks.append([])
        elif char == "?":
            out.append("[^/]")
        elif char == "\\":
            if position >= end:
                raise PathError(f"syntax error in pattern {pattern!r}")
            out.append(re.escape(pattern[position]))
            position += 1
        elif char == "[":
            text, position = _glob_class(pattern, position)
            out.append(text)
        else:
            out.append(re.escape(char))
    first, *starred = ("".join(chunk) for chunk in chunks)
    middle = "".join(f"(?>[^/]*?{chunk})" for chunk in starred[:-1])
    last = f"[^/]*{starred[-1]}" if starred else ""
    return re.compile(first + middle + last, re.DOTALL)


def _glob_class(pattern: str, position: int) -> tuple[str, int]:
    """The class that begins after ``[`` at ``position``, and where it ends."""
    bad = PathError(f"syntax error in pattern {pattern!r}")
    negated = pattern[position : position + 1] == "^"
    position += negated
    parts: list[str] = []
    while True:
        if position >= len(pattern):
            raise bad
        if pattern[position] == "]" and parts:
            position += 1
            break
        low, position = _glob_char(pattern, position, bad)
        high = low
        if pattern[position : position + 1] == "-":
            high, position = _glob_char(pattern, position + 1, bad)
        if low <= high:
            parts.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            parts.append("")
    body = "".join(parts)
    if negated:
        return (f"[^/{body}]" if body else "[^/]"), position
    return (f"(?!/)[{body}]" if body else "(?!)"), position


def _glob_char(pattern: str, position: int, bad: PathError) -> tuple[str, int]:
    if position >= len(pattern) or pattern[position] in "-]":
        raise bad
    if pattern[position] == "\\":
        position += 1
        if position >= len(pattern):
            raise bad
    if position + 1 >= len(pattern):
        raise bad
    return pattern[position], position + 1


def resolve_wildcards(root: str, path: str, *, follow_links: bool) -> list[str]:
    """The paths (absolute in the tree) that ``path`` names, in walk order.

    A directory that matches is one result: nothing below it is looked at.
    """
    parts = os.path.normpath(path).split("/")
    split = next((i for i, part in enumerate(parts) if has_wildcard(part)), None)
    if split is None:
        return [os.path.normpath(path)]
    fixed, pattern = "/".join(parts[:split]) or "/", "/".join(parts[split:])
    base = root_path(root, fixed, follow_last=follow_links)
    matcher = glob_regex(pattern)
    depth = pattern.count("/")
    found: list[str] = []
    _match_below(base, "", depth, matcher, found)
    prefix = base[len(root.rstrip("/")) :] or ""
    return [f"{prefix}/{name}" for name in found]


def _match_below(
    base: str, below: str, depth: int, matcher: re.Pattern[str], found: list[str]
) -> None:
    try:
        names = sorted(os.listdir(os.path.join(base, below)), key=os.fsencode)
    except (NotADirectoryError, FileNotFoundError) as error:
        if not below:
            raise PathError(f"lstat {below or '/'}: no such file or directory") from error
        return
    for name in names:
        relative = f"{below}/{name}" if below else name
        if depth == relative.count("/"):
            if matcher.fullmatch(relative):
                found.append(relative)
        elif stat.S_ISDIR(os.lstat(os.path.join(base, relative)).st_mode):
            _match_below(base, relative, depth, matcher, found)
