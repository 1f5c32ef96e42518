"""The named images of a state directory, opened without all that a build needs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from builder.content import ContentStore
from builder.content.names import ImageNames
from builder.engine.state import held, unusable
from builder.errors import BuilderError
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.manifest import MAX_MANIFEST, Index, Manifest, parse
from builder.oci.reference import InvalidReference

_ID = re.compile(r"(?:sha256:)?([a-f0-9]{1,64})")
_LISTED = 5
"""Names that a hint has at most."""


class ImageNotFound(BuilderError):
    """No image of the local store has that name or id."""


class AmbiguousImage(BuilderError):
    """The beginning of a digest that several images share."""


class NamedImage(Struct, frozen=True):
    """``name`` is complete (``domain/path:tag``); ``top`` is the manifest or index."""

    name: str
    top: Descriptor

    @property
    def familiar(self) -> str:
        """The name as a user writes it."""
        return references.parse(self.name).familiar()


class ImageStore(Struct, frozen=True):
    """The images that have names, and the blobs; nothing is collected while it is open."""

    content: ContentStore
    names: ImageNames

    def all(self) -> tuple[NamedImage, ...]:
        """By name."""
        return tuple(NamedImage(name, top) for name, top in self.names.all().items())

    def matching(self, pattern: str) -> tuple[NamedImage, ...]:
        """Those whose familiar or complete name, with its tag or without, is like ``pattern``,
        in which ``*``, ``?`` and ``[...]`` stand for others, as in docker's ``images``."""
        return tuple(each for each in self.all() if _is_like(each.name, pattern))

    def find(self, text: str) -> tuple[NamedImage, ...]:
        """The image of a name, or all names of the one whose digest, or whose config's digest,
        begins with ``text``. Raises ImageNotFound, AmbiguousImage, InvalidReference."""
        wrong = None
        try:
            name = str(references.parse(text))
        except InvalidReference as error:
            wrong = error
        else:
            top = self.names.get(name)
            if top is not None:
                return (NamedImage(name, top),)
        found = self._of_digest(text)
        tops = {each.top.digest for each in found}
        if len(tops) > 1:
            raise AmbiguousImage(
                f"{text} is the beginning of the ids of {len(tops)} images",
                hint=f"give more of it, or a name: {_some(found)}",
            )
        if found:
            return found
        if wrong is not None and not _ID.fullmatch(text):
            raise wrong
        raise self._absent(text)

    def _of_digest(self, text: str) -> tuple[NamedImage, ...]:
        repository, at, digest = text.rpartition("@")
        id = _ID.fullmatch(digest)
        if id is None:
            return ()
        named = self.matching(repository) if at else self.all()
        return tuple(
            each
            for each in named
            if any(known.hex.startswith(id[1]) for known in self._digests(each.top))
        )

    def _digests(self, top: Descriptor) -> Iterator[Digest]:
        yield top.digest
        try:
            for _, manifest in images_of(self.content, top):
                yield manifest.config.digest
        except BuilderError:
            return

    def _absent(self, text: str) -> ImageNotFound:
        hint = "regdoctor image ls shows those that there are"
        try:
            alike = self.matching(references.parse(text).name)
        except InvalidReference:
            alike = ()
        if alike:
            hint = f"there is {_some(alike)}"
        return ImageNotFound(f"no image {text} in the local store", hint=hint)


@contextmanager
def open_images(root: Path) -> Iterator[ImageStore]:
    """The images below ``root``, a state directory. Raises StateError, ContentError."""
    root = root.absolute()
    with held(root):
        content = ContentStore(root / "content")
        try:
            names = ImageNames(root / "state.db")
        except sqlite3.Error as error:
            raise unusable(root, error) from error
        with closing(names):
            try:
                yield ImageStore(content, names)
            except sqlite3.Error as error:
                raise unusable(root, error) from error


def images_of(store: ContentStore, top: Descriptor) -> list[tuple[Descriptor, Manifest]]:
    """The images of an index, or the one of a manifest; attestations left aside. Blocks.

    Raises ContentError, InvalidDocument.
    """
    document = read_manifest(store, top)
    if isinstance(document, Manifest):
        return [(top, document)]
    out: list[tuple[Descriptor, Manifest]] = []
    for each in document.manifests:
        if not each.annotations.get("vnd.docker.reference.type"):
            out += images_of(store, each)
    return out


def read_manifest(store: ContentStore, descriptor: Descriptor) -> Manifest | Index:
    """Blocks. Raises ContentError, InvalidDocument."""
    return parse(store.read(descriptor.digest, MAX_MANIFEST), descriptor.media_type)


def read_json(store: ContentStore, digest: Digest) -> dict[str, object]:
    """A document that must be an object; empty where it is none. Raises ContentError."""
    try:
        document = json.loads(store.read(digest, MAX_MANIFEST))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_like(name: str, pattern: str) -> bool:
    reference = references.parse(name)
    whole, familiar = str(reference), reference.familiar()
    bare = familiar.removesuffix(whole[len(reference.name) :])
    return any(fnmatchcase(form, pattern) for form in (whole, familiar, reference.name, bare))


def _some(images: Sequence[NamedImage]) -> str:
    names = [each.familiar for each in images]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
