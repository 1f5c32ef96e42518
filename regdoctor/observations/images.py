"""What was seen of an image beside the answers of a pull: its parts, and questions more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regdoctor.observations.http import Answer

QuestionName = Literal[
    "accept-schema2",
    "library-prefix",
    "without-ns",
    "blob-without-login",
    "artifactory-ping",
    "product-version",
    "digest-head",
    "digest-gzip",
    "missing-tag",
    "missing-digest",
    "missing-blob",
    "tags",
    "tags-next",
    "referrers",
    "blob-head",
    "layer-start",
]
"""Questions that no pull asks: what decides between two causes, and what the distribution
specification says of reading."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question more, and the answer. ``digest`` and ``length`` are of the body as received
    (empty and 0 without one); of ``layer-start`` ``digest`` holds the bytes themselves, as
    hexadecimal digits. ``subject`` is the tag, digest or repository it was about."""

    question: QuestionName
    subject: str
    answer: Answer
    digest: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest of an index. ``platform`` as ``os/arch[/variant]``, empty where none is
    given; ``attestation``: about another entry, and no image."""

    digest: str
    media_type: str
    platform: str = ""
    attestation: bool = False


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """The manifest or index that a reference names, as it was read. The name is the reference.

    ``told`` is the Content-Type of the answer, ``declared`` the document's own mediaType.
    ``wanted`` are the platforms that it is wanted for, ``missing`` those of them that an index
    has nothing for, ``chosen`` the manifest of the first that it has. ``layers`` are media
    types, of a manifest (or of the one of an index that was chosen); ``config_platform`` is
    what its config says, empty where it was not read or is no image's. ``pinned``: the
    reference has a digest.
    """

    digest: str
    told: str
    declared: str
    wanted: tuple[str, ...]
    index: bool = False
    pinned: bool = False
    entries: tuple[Entry, ...] = ()
    missing: tuple[str, ...] = ()
    chosen: str = ""
    layers: tuple[str, ...] = ()
    config_type: str = ""
    config_platform: str = ""

    @property
    def attestation(self) -> bool:
        """A manifest about an image (in-toto statements), which is none itself."""
        told = any("in-toto" in layer for layer in self.layers)
        return not self.index and (told or self.config_platform.startswith("unknown"))


@dataclass(frozen=True, slots=True)
class DigestLook:
    """GET of a manifest by its digest, as a pull goes on after the tag. The name is the digest.

    ``image`` is the reference on whose behalf. ``expected`` and ``got`` are of what differs
    (``what``: digest, length, ...), empty where nothing does; ``received`` counts the bytes
    that came; ``error`` is why they are of no use.
    """

    image: str
    digest: str
    answer: Answer
    received: int = 0
    what: str = ""
    expected: str = ""
    got: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class BlobAgain:
    """One more download of a blob that arrived wrong or cut. The name has digest and number.

    ``got`` is the digest of a whole body, else empty; ``received`` its bytes; ``fault`` how it
    ended where it did not arrive whole.
    """

    digest: str
    got: str = ""
    received: int = 0
    fault: str = ""
    seconds: float = 0.0
