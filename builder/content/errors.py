"""What can go wrong with stored blobs; the tree is drawn in the package docstring."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from builder.errors import BuilderError
from builder.oci.digest import Digest

_HINTS = {
    errno.ENOSPC: "free some space there, or choose another state directory with --root",
    errno.EDQUOT: "the disk quota is used up: free some space, or choose another --root",
    errno.EACCES: "choose a state directory that this user may write to with --root",
    errno.EPERM: "choose a state directory that this user may write to with --root",
    errno.EROFS: "choose a state directory on a writable file system with --root",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


class ContentError(BuilderError):
    """The store could not read or write; ``errno`` is the system's number, or 0."""

    errno: int = 0

    @classmethod
    def from_os(cls, doing: str, path: Path | str, error: OSError) -> ContentError:
        """``doing`` names the step (``write a blob``); ``path`` where it happened."""
        number = error.errno or 0
        text = os.strerror(number) if number else str(error)
        out = cls(f"cannot {doing} in {path}: {text}", hint=_HINTS.get(number, ""))
        out.errno = number
        return out


class BlobNotFound(ContentError):
    """No blob ``digest`` is stored."""

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"blob {digest} is not in the content store")
        self.digest = digest


class DigestMismatch(ContentError):
    """The bytes hash to ``actual``, where ``expected`` was promised."""

    def __init__(self, expected: Digest, actual: Digest) -> None:
        super().__init__(f"content has digest {actual}, expected {expected}")
        self.expected = expected
        self.actual = actual


class SizeMismatch(ContentError):
    """``actual`` bytes (at least, where reading was stopped) instead of ``expected``."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"content has {actual} bytes, expected {expected}")
        self.expected = expected
        self.actual = actual


class BlobTooLarge(ContentError):
    """``digest`` has ``size`` bytes, more than the ``limit`` of its reader."""

    def __init__(self, digest: Digest, size: int, limit: int) -> None:
        super().__init__(f"blob {digest} has {size} bytes, more than the {limit} allowed")
        self.digest = digest
        self.size = size
        self.limit = limit
