"""A host's files as a program sees them: what exists, what can be read, and why not."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from regdoctor.observations.host import HostFiles

NO_SUCH = "no such file or directory"
FORBIDDEN = "permission denied"
NOT_A_DIRECTORY = "not a directory"
_WORDS = {
    "ENOENT": NO_SUCH,
    "EACCES": FORBIDDEN,
    "EPERM": "operation not permitted",
    "ENOTDIR": NOT_A_DIRECTORY,
    "EISDIR": "is a directory",
    "ELOOP": "too many levels of symbolic links",
    "EIO": "input/output error",
}


@dataclass(frozen=True, slots=True)
class Read:
    """``content`` of a file, or ``error``: the system's words."""

    content: bytes = b""
    error: str = ""

    @property
    def missing(self) -> bool:
        return self.error == NO_SUCH


@dataclass(frozen=True, slots=True)
class Filesystem:
    """``HostFiles`` with the questions that programs ask. Paths are normalised."""

    files: HostFiles

    def read(self, path: str) -> Read:
        """Opens and reads; a link into nowhere is missing, as it is for a program."""
        clean = posixpath.normpath(path)
        if clean in self.files.directories:
            return Read(error=_WORDS["EISDIR"])
        seen = self.files.files.get(clean)
        if seen is None:
            return Read(error=NOT_A_DIRECTORY if self._below_file(clean) else NO_SUCH)
        if seen.error:
            return Read(error=_WORDS.get(seen.error, seen.error))
        return Read(seen.content)

    def _below_file(self, path: str) -> bool:
        while (above := posixpath.dirname(path)) != path:
            if self.is_file(above):
                return True
            path = above
        return False

    def text(self, path: str) -> str | None:
        """The file as text, None where it cannot be read."""
        read = self.read(path)
        return None if read.error else read.content.decode("utf-8", "replace")

    def is_directory(self, path: str) -> bool:
        return posixpath.normpath(path) in self.files.directories

    def is_file(self, path: str) -> bool:
        """Something that is no directory and can be opened."""
        clean = posixpath.normpath(path)
        seen = self.files.files.get(clean)
        if seen is not None:
            return seen.error not in ("ENOENT", "EISDIR", "ENOTDIR")
        # Keys are never read: they stand in the listing of their directory alone.
        above, name = posixpath.split(clean)
        return name in self.files.directories.get(above, ()) and not self.is_directory(clean)

    def exists(self, path: str) -> bool:
        """As stat(2) says."""
        return self.is_directory(path) or self.is_file(path)

    def names(self, path: str) -> tuple[str, ...]:
        """What stands in a directory, in the order of names."""
        return tuple(sorted(self.files.directories.get(posixpath.normpath(path), ())))
