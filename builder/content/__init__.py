"""The content store: blobs by digest on disk, verified before they exist.

::

    ContentError                 the store cannot do it: disk full, no permission, unreadable
    |-- BlobNotFound             no blob of that digest is stored
    |-- DigestMismatch           the bytes are not those that the digest names
    |-- SizeMismatch             more or fewer bytes than the descriptor says
    `-- BlobTooLarge             a document longer than its reader allows
"""

from __future__ import annotations

from builder.content.errors import (
    BlobNotFound,
    BlobTooLarge,
    ContentError,
    DigestMismatch,
    SizeMismatch,
)
from builder.content.store import Blob, BlobWriter, ContentStore

__all__ = [
    "Blob",
    "BlobNotFound",
    "BlobTooLarge",
    "BlobWriter",
    "ContentError",
    "ContentStore",
    "DigestMismatch",
    "SizeMismatch",
]
