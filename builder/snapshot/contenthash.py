"""Content hashes of paths in a tree, as BuildKit's ``cache/contenthash`` computes them.

They are the "slow" cache keys that are shared with BuildKit through registry caches. A file
is hashed with its tar header (without name and times), a directory with the names and
digests of what it holds.
"""
# Inner loops: os calls on strings, no Path per file.

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from builder.oci.digest import Digest
from builder.snapshot.paths import glob_regex, has_wildcard, root_path
from builder.snapshot.types import SnapshotError

if TYPE_CHECKING:
    from builder.frontend.dockerfile.ignore import IgnoreMatcher, ParentMatch

_CHUNK = 1 << 20
_ASIDE = 1 << 19
"""Files of this size are hashed in other threads; below it a thread costs more than it gives."""


class PathNotFound(SnapshotError):
    """``path`` is not in the tree; the message is BuildKit's."""

    def __init__(self, path: str) -> None:
        super().__init__(f'"{path}": not found')
        self.path = path


class Selector(Struct, frozen=True):
    """What to hash: ``path`` below the root of the tree (a pattern with ``wildcard``).

    ``follow_links``: a link in the last place stands for its target. ``include`` and
    ``exclude`` are ``.dockerignore`` patterns, relative to each path that is selected.
    """

    path: str
    wildcard: bool = False
    follow_links: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def content_hash(
    root: Path,
    selectors: Sequence[Selector],
    *,
    received: bool = False,
    parts: dict[str, str] | None = None,
    known: dict[str, str] | None = None,
) -> Digest:
    """The digest of what ``selectors`` select (none: the whole tree) below ``root``.

    The root of a tree that was ``received`` from a client counts for nothing itself: BuildKit
    is sent what is below it, and no more. ``parts`` takes the digest of every file and of
    every directory's own header, by path; that of a directory ends in a slash. ``known``
    has digests of files from earlier calls, which are not computed again, and takes others.
    Links are resolved inside ``root`` only. Blocks; large files are hashed in threads.
    Raises PathNotFound, IgnorePatternError for a filter that is none, and SnapshotError
    where the tree cannot be read.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="content-hash") as pool:
        hasher = _TreeHasher(os.fspath(root), pool, received=received, parts=parts, known=known)
        try:
            digests = [hasher.select(one) for one in selectors or (Selector("/"),)]
        except OSError as error:
            raise SnapshotError(f"cannot hash {error.filename}: {error.strerror}") from error
    if len(digests) == 1:
        return Digest(digests[0])
    return Digest.of("\0".join(digests).encode())


class _Folder(Struct):
    """A directory whose digest grows, one child after another."""

    path: str
    digest: hashlib._Hash
    entries: Iterator[os.DirEntry[str]]
    aside: dict[str, Future[str]]
    name: str


class _Listed(Struct):
    """One path of a filtered walk: a file, or the header of a directory."""

    path: str
    real: str
    top: bool
    found: os.stat_result
    include: ParentMatch | None = None
    exclude: ParentMatch | None = None
    included: bool = False


class _TreeHasher:
    def __init__(
        self,
        root: str,
        pool: ThreadPoolExecutor,
        *,
        received: bool,
        parts: dict[str, str] | None,
        known: dict[str, str] | None,
    ) -> None:
        self._root = root.rstrip("/")
        self._received = received
        self._parts = parts
        self._known = known
        self._pool = pool

    def select(self, selector: Selector) -> str:
        if selector.wildcard or selector.include or selector.exclude:
            return self._filtered(selector)
        return self._path(_absolute(selector.path), follow=selector.follow_links)

    def _path(self, path: str, *, follow: bool) -> str:
        """The digest of one path: of a directory with all it holds."""
        real = root_path(self._root + "/", path, follow_last=follow)
        try:
            found = os.lstat(real)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise PathNotFound(path or "/") from error
        return self._tree(real) if stat.S_ISDIR(found.st_mode) else self._inode(real, found)

    def _tree(self, top: str) -> str:
        stack = [self._enter(top, "")]
        while True:
            folder = stack[-1]
            entry = next(folder.entries, None)
            if entry is None:
                stack.pop()
                digest = f"sha256:{folder.digest.hexdigest()}"
                if not stack:
                    return digest
                stack[-1].digest.update(_child(folder.name, digest))
                continue
            name = entry.name
            aside = folder.aside.pop(name, None)
            if aside is not None:
                folder.digest.update(_child(name, self._told(entry.path, aside.result())))
            elif entry.is_dir(follow_symlinks=False):
                stack.append(self._enter(entry.path, name))
            else:
                found = entry.stat(follow_symlinks=False)
                if not stat.S_ISSOCK(found.st_mode):
                    folder.digest.update(_child(name, self._inode(entry.path, found)))

    def _enter(self, path: str, name: str) -> _Folder:
        with os.scandir(path) as found:
            entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
        aside = {
            entry.name: self._pool.submit(
                _file_digest, entry.path, entry.stat(follow_symlinks=False)
            )
            for entry in entries
            if entry.is_file(follow_symlinks=False)
            and entry.path[len(self._root) :] not in (self._known or ())
            and entry.stat(follow_symlinks=False).st_size >= _ASIDE
        }
        digest = hashlib.sha256(_child("", self._inode(path, os.lstat(path))))
        return _Folder(path, digest, iter(entries), aside, name)

    def _inode(self, path: str, found: os.stat_result) -> str:
        """The digest of a file, or of the header of a directory."""
        if self._received and path.rstrip("/") == self._root:
            return str(Digest.of(b""))
        if stat.S_ISDIR(found.st_mode):
            return self._told(f"{path}/", _file_digest(path, found))
        known = self._known.get(path[len(self._root) :]) if self._known is not None else None
        return self._told(path, known if known is not None else _file_digest(path, found))

    def _told(self, path: str, digest: str) -> str:
        name = path[len(self._root) :]
        if self._known is not None and not name.endswith("/"):
            self._known[name] = digest
        if self._parts is not None:
            self._parts[name] = digest
        return digest

    def _filtered(self, selector: Selector) -> str:
        path = _absolute(selector.path)
        listed = self._included(selector, path)
        if not listed:
            return str(Digest.of(b""))
        digests = []
        for one in listed:
            if one.top and selector.follow_links and stat.S_ISLNK(one.found.st_mode):
                digests.append(self._path(one.path, follow=True))
            else:
                digests.append(self._inode(one.real, one.found))
        if len(listed) == 1 and _base(path) == _base(listed[0].path):
            return digests[0]
        prefix = len(_fixed_prefix(path) if selector.wildcard else path)
        total = hashlib.sha256()
        for one, digest in zip(listed, digests, strict=True):
            total.update(os.fsencode(one.path[prefix:]).replace(b"/", b"\0") + digest.encode())
        return f"sha256:{total.hexdigest()}"

    def _included(self, selector: Selector, path: str) -> list[_Listed]:
        """Files and directory headers that the patterns let through, in the order of keys;
        a directory that is itself left out is listed before the first file let through."""
        include, exclude = _matcher(selector.include), _matcher(selector.exclude)
        skipped = path if selector.path.endswith("/") else None
        out: list[_Listed] = []
        for top, real in self._tops(selector, path):
            parents: list[_Listed] = []
            for one in _walk(top, real):
                while parents and not one.path.startswith(parents[-1].path + "/"):
                    parents.pop()
                folder = stat.S_ISDIR(one.found.st_mode)
                if folder and one.path == skipped:
                    continue
                candidate = one.path[len(top) + 1 :]
                parent = parents[-1] if parents else None
                if _let_through(candidate, include, exclude, one, parent):
                    for above in parents:
                        if not above.included:
                            above.included = True
                            out.append(above)
                    one.included = True
                    out.append(one)
                if folder:
                    parents.append(one)
        return out

    def _tops(self, selector: Selector, path: str) -> Iterator[tuple[str, str]]:
        """Each selected path as it was asked for, and where it really is."""
        if not (selector.wildcard and has_wildcard(path)):
            real = root_path(self._root + "/", path, follow_last=False)
            if os.path.lexists(real):
                yield path, real
            return
        prefix = _fixed_prefix(path)
        base = root_path(self._root + "/", prefix, follow_last=True).rstrip("/")
        yield from _glob(prefix, base, path[len(prefix) + 1 :].split("/"))


def _fixed_prefix(path: str) -> str:
    """The directories before the first part with a wildcard."""
    parts = path.split("/")
    return "/".join(parts[: next((n for n, part in enumerate(parts) if has_wildcard(part)), None)])


def _glob(prefix: str, base: str, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Matches of ``parts`` below ``base``; links are not followed between them."""
    matcher = glob_regex(parts[0])
    try:
        names = sorted(os.listdir(base), key=os.fsencode)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if matcher.fullmatch(name) is None:
            continue
        real = f"{base}/{name}"
        if len(parts) == 1:
            yield f"{prefix}/{name}", real
        elif stat.S_ISDIR(os.lstat(real).st_mode):
            yield from _glob(f"{prefix}/{name}", real, parts[1:])


def _walk(path: str, real: str) -> Iterator[_Listed]:
    stack = [(path, real)]
    while stack:
        here, at = stack.pop()
        found = os.lstat(at)
        if stat.S_ISSOCK(found.st_mode):
            continue
        yield _Listed(here, at, here == path, found)
        if stat.S_ISDIR(found.st_mode):
            names = sorted(os.listdir(at), key=os.fsencode, reverse=True)
            stack.extend((f"{here}/{name}", f"{at}/{name}") for name in names)


def _matcher(patterns: tuple[str, ...]) -> IgnoreMatcher | None:
    if not patterns:
        return None
    from builder.frontend.dockerfile.ignore import IgnoreMatcher  # most hashes filter nothing

    return IgnoreMatcher(patterns)


def _let_through(
    candidate: str,
    include: IgnoreMatcher | None,
    exclude: IgnoreMatcher | None,
    one: _Listed,
    parent: _Listed | None,
) -> bool:
    if include is not None:
        matched, one.include = _enter(include, candidate, parent.include if parent else None)
        if not matched:
            return False
    if exclude is not None:
        matched, one.exclude = _enter(exclude, candidate, parent.exclude if parent else None)
        if matched:
            return False
    return True


def _enter(
    matcher: IgnoreMatcher, candidate: str, above: ParentMatch | None
) -> tuple[bool, ParentMatch]:
    if above is None:
        # Nobody asked about the directories above: a filter before this one let them go.
        above = matcher.root()
        parts = candidate.split("/")
        for depth in range(1, len(parts)):
            _, above = matcher.enter("/".join(parts[:depth]), above)
    return matcher.enter(candidate, above)


def _absolute(path: str) -> str:
    """Cleaned, with a leading slash; empty for the root, as BuildKit keys it."""
    cleaned = os.path.normpath("/" + path).replace("//", "/", 1)
    return "" if cleaned == "/" else cleaned


def _base(path: str) -> str:
    return path.rpartition("/")[2] or "/"


def _child(name: str, digest: str) -> bytes:
    return b"\0" + os.fsencode(name) + digest.encode()


def _file_digest(path: str, found: os.stat_result) -> str:
    """Of one inode: its tar header, and the data of a regular file."""
    mode = found.st_mode
    flag, link, bits, size = "0", b"", mode & 0o7777, 0
    major = minor = 0
    if stat.S_ISREG(mode):
        size = found.st_size
    elif stat.S_ISDIR(mode):
        flag = "5"
    elif stat.S_ISLNK(mode):
        flag, bits, link = "2", 0o777, os.fsencode(os.readlink(path))
    elif stat.S_ISFIFO(mode):
        flag = "6"
    else:
        flag = "3" if stat.S_ISCHR(mode) else "4"
        major, minor = os.major(found.st_rdev), os.minor(found.st_rdev)
    digest = hashlib.sha256(
        b"namemode%duid%dgid%dsize%dtypeflag%blinkname%bunamegnamedevmajor%ddevminor%d"
        % (bits, found.st_uid, found.st_gid, size, flag.encode(), link, major, minor)
    )
    for name, value in _xattrs(path):
        digest.update(name.encode() + value)
    if size:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            while size > 0 and (data := os.read(fd, _CHUNK)):
                digest.update(data)
                size -= len(data)
        finally:
            os.close(fd)
    return f"sha256:{digest.hexdigest()}"


def _xattrs(path: str) -> list[tuple[str, bytes]]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EPERM):
            return []
        raise
    return [
        (name, os.getxattr(path, name, follow_symlinks=False))
        for name in sorted(names)
        if name == "security.capability" or not name.startswith(("security.", "system."))
    ]
