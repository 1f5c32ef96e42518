"""``oci-layout://``: images in OCI layouts of this machine (image-spec, image-layout.md)."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from builder.oci import manifest as manifests
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.manifest import Index
from builder.oci.reference import Reference
from builder.sources.errors import SourceError

_CHUNK = 1 << 20
_INDEX_LIMIT = 16 << 20
_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")


class Located(Struct, frozen=True):
    """What a reference stands for."""

    descriptor: Descriptor


class LayoutOrigin:
    """Answers as a registry session does, from the layout in ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def resolve(self, reference: Reference) -> Located:
        """By digest: the layout's names are none of a registry. Raises SourceError."""
        assert reference.digest is not None
        data = self._read(reference.digest, manifests.MAX_MANIFEST)
        try:
            document = manifests.parse(data, mediatypes.OCI_MANIFEST)
        except InvalidDocument as error:
            raise SourceError(f"{self._root}: {error}", hint=error.hint) from error
        kind = document.media_type
        if isinstance(document, Index) and kind not in mediatypes.INDEXES:
            kind = mediatypes.OCI_INDEX
        return Located(Descriptor(kind, reference.digest, len(data)))

    async def fetch_manifest(self, reference: Reference, descriptor: Descriptor) -> bytes:
        """Raises SourceError."""
        return self._read(descriptor.digest, manifests.MAX_MANIFEST)

    async def fetch_blob(
        self, reference: Reference, descriptor: Descriptor
    ) -> AsyncGenerator[bytes, None]:
        """The blob's bytes, which whoever takes them verifies. Raises SourceError."""
        with self._open(descriptor.digest) as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def _read(self, digest: Digest, limit: int) -> bytes:
        with self._open(digest) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise SourceError(f"{self._root}: {digest} is larger than {limit} bytes")
        hasher = digest.hasher()
        hasher.update(data)
        if hasher.hexdigest() != digest.hex:
            raise SourceError(f"{self._root}: blob {digest} is not what its name says")
        return data

    def _open(self, digest: Digest) -> BinaryIO:
        return _regular(self._root / "blobs" / digest.algorithm / digest.hex)


def find_image(text: str) -> tuple[Path, str, Digest]:
    """Directory, tag and digest of ``PATH[:TAG][@DIGEST]``. Raises SourceError.

    As with buildx: the tag is ``latest`` where none is given, and an image of another name
    is taken where it is the only one.
    """
    place, _, pinned = text.partition("@")
    path, _, tag = place.partition(":")
    root, tag = Path(path), tag or "latest"
    if pinned:
        try:
            return root, tag, Digest(pinned)
        except InvalidDigest as error:
            raise SourceError(f"oci-layout reference {text!r}: {error}") from error
    unresolved = f'oci-layout reference "{text}" could not be resolved'
    try:
        with _regular(root / "index.json") as file:
            document: Any = json.loads(file.read(_INDEX_LIMIT))
        entries = [Descriptor.from_json(entry) for entry in document["manifests"]]
    except SourceError as error:
        raise SourceError(f"{unresolved}: {error}") from error
    except (ValueError, RecursionError, KeyError, TypeError, InvalidDocument) as error:
        raise SourceError(f"{unresolved}: {root / 'index.json'} is no index of images") from error
    named = [e for e in entries if tag in (e.annotations.get(name) for name in _NAMES)]
    if not named and len(entries) == 1:
        named = entries
    if not named:
        known = sorted({e.annotations.get(_NAMES[0], "") for e in entries} - {""})
        raise SourceError(
            unresolved, hint=f"the layout has {', '.join(known) or 'no image with a name'}"
        )
    return root, tag, named[0].digest


def _regular(path: Path) -> BinaryIO:
    """Opened for reading; links are followed, for every blob is verified."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"open {path}: {(error.strerror or str(error)).lower()}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")
