"""What a registry did when it was written to, which happens by ``--push`` alone."""

from __future__ import annotations

from dataclasses import dataclass

from regdoctor.observations.http import Answer


@dataclass(frozen=True, slots=True)
class UploadLook:
    """An upload that was opened in ``repository`` and given up again.

    ``polled`` are answers to GET of the upload, each on a connection of its own. ``moved``:
    its Location names another address than the one that was asked, and the upload was given up
    at the one that was asked: it is there.
    """

    repository: str
    opened: Answer
    polled: tuple[Answer, ...] = ()
    cancelled: Answer | None = None
    moved: bool = False

    @property
    def begun(self) -> bool:
        """202 to POST itself, and where the upload is."""
        posted = self.opened.method == "POST" and self.opened.status == 202
        return posted and bool(self.opened.header("Location"))

    @property
    def ended(self) -> bool:
        """The registry gave the upload up; only then is more of it tried."""
        return self.cancelled is not None and self.cancelled.ok


@dataclass(frozen=True, slots=True)
class ChunkLook:
    """Two chunks of ``size`` bytes each, in order, and a third that leaves a gap."""

    size: int
    first: Answer | None = None
    second: Answer | None = None
    gap: Answer | None = None
    cancelled: Answer | None = None


@dataclass(frozen=True, slots=True)
class SizeLook:
    """One chunk of ``size`` bytes."""

    size: int
    sent: Answer | None = None
    cancelled: Answer | None = None


@dataclass(frozen=True, slots=True)
class MountLook:
    """A blob that does not exist, to be mounted: an upload is opened in its stead.

    ``written``: the answer to a small chunk for that upload.
    """

    opened: Answer
    written: Answer | None = None
    cancelled: Answer | None = None


@dataclass(frozen=True, slots=True)
class ManifestTry:
    """A small manifest that was put under its digest. ``kind`` is one of ``KINDS``."""

    kind: str
    media_type: str
    answer: Answer


IMAGE, DOCKER, INDEX, LIST = "oci-image", "docker-image", "oci-index", "docker-list"
CACHE_INDEX, CACHE_IMAGE = "cache-index", "cache-image"
STATEMENT, ATTESTED, ARTIFACT = "attestation", "attested-index", "artifact"
ZSTD = "zstd-image"
KINDS = {
    IMAGE: "an OCI image manifest",
    DOCKER: "a Docker image manifest",
    INDEX: "an OCI index",
    LIST: "a Docker manifest list",
    CACHE_INDEX: "BuildKit's cache as an index of blobs",
    CACHE_IMAGE: "BuildKit's cache as an image manifest",
    STATEMENT: "the manifest of an attestation",
    ATTESTED: "an index with an attestation",
    ARTIFACT: "an artifact manifest",
    ZSTD: "an OCI image with a zstd layer",
}
"""What each kind is, in words."""


@dataclass(frozen=True, slots=True)
class StoreLook:
    """Two blobs and manifests of them, stored and deleted again.

    ``why_not`` says why nothing was stored: what cannot be deleted is not. ``asked`` are the
    answers on which that rests. ``whole``: a blob by POST and PUT; ``single``: by POST with its
    digest. ``shown``: HEAD of the blobs afterwards. ``referrers``: what refers to the OCI image,
    which the artifact names as its subject. ``left`` names what could not be deleted.
    """

    why_not: str = ""
    asked: tuple[Answer, ...] = ()
    whole: Answer | None = None
    single: Answer | None = None
    shown: tuple[Answer, ...] = ()
    manifests: tuple[ManifestTry, ...] = ()
    referrers: Answer | None = None
    left: tuple[str, ...] = ()

    def tried(self, kind: str) -> Answer | None:
        """The answer to the manifest of that kind; None where it was not put."""
        return next((each.answer for each in self.manifests if each.kind == kind), None)
