"""Content that arrived wrong or cut, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import answer_evidence, subject_of
from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.model.finding import Evidence
from regdoctor.observations.http import Answer, BlobLook
from regdoctor.observations.images import BlobAgain, DigestLook
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Wrong:
    """Content whose bytes are not those of its digest. ``size``: its length is another too.

    ``subject`` is the image of a manifest, the registry of a blob.
    """

    endpoint: str
    subject: str
    thing: str
    digest: str
    answer: Answer
    expected: str
    got: str
    size: bool

    @property
    def where(self) -> str:
        """The host that gave the bytes."""
        return subject_of(self.endpoint)


def wrong(seen: Observations) -> Iterator[Wrong]:
    """Manifests by digest, and blobs."""
    named = {(each.endpoint, each.name): each for each in looks(seen)}
    for endpoint in seen.endpoints():
        for digest, by_digest in seen.named(DigestLook, endpoint):
            # A page in place of content is no damaged content.
            if by_digest.what in ("digest", "length") and not by_digest.answer.html:
                yield _manifest(endpoint, digest, by_digest, named.get((endpoint, by_digest.image)))
        for digest, blob in seen.named(BlobLook, endpoint):
            answer = blob.answer
            if blob.what in ("digest", "length") and answer is not None and not answer.html:
                size = blob.what == "length"
                yield Wrong(
                    endpoint,
                    subject_of(endpoint),
                    "a blob",
                    digest,
                    answer,
                    blob.expected,
                    blob.got,
                    size,
                )


def _manifest(endpoint: str, digest: str, look: DigestLook, image: Looked | None) -> Wrong:
    head = image.look.head if image is not None else None
    told = head.header("Content-Length") if head is not None else ""
    by_size = look.what == "length"
    if look.what == "digest" and told.isdecimal() and int(told) != look.received:
        # Clients count before they hash.
        by_size = head is not None and head.header("Docker-Content-Digest") == digest
    expected, got = (told, str(look.received)) if by_size else (look.expected, look.got)
    if look.what == "length":
        expected, got = look.expected, look.got
    subject = image.image if image is not None else look.image
    return Wrong(endpoint, subject, "the manifest", digest, look.answer, expected, got, by_size)


def again(seen: Observations, endpoint: str, digest: str) -> tuple[BlobAgain, ...]:
    """Further downloads of the blob, in their order."""
    return tuple(each for _, each in seen.named(BlobAgain, endpoint) if each.digest == digest)


def evidence_of(seen: Observations, each: Wrong, code: str) -> Iterator[Evidence]:
    """The answer, and what may have changed the content on its way."""
    yield answer_evidence(each.answer, "manifest" if each.thing == "the manifest" else "blob")
    coding = each.answer.header("Content-Encoding")
    if coding and coding != "identity":
        fact = f"something on the way packed the content: Content-Encoding: {coding}"
        yield Evidence(fact, "blob", {"content_encoding": coding})
    yield from product_evidence(seen, each.endpoint, code)
