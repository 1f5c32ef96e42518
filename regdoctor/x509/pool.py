"""A pool of roots, filled as Go's AppendCertsFromPEM fills it: what does not load is silent.

Here it is not: ``Pool.not_loaded`` names every block that a person sees in the files and that
Go does not take, with the reason.
"""

from __future__ import annotations

import base64
import enum
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from regdoctor.x509 import pem
from regdoctor.x509.certificate import Certificate, ParseError
from regdoctor.x509.parse import parse
from regdoctor.x509.release import Release, release


class NotLoadedReason(enum.StrEnum):
    """Why Go passed over a block."""

    LABEL = "label"
    HEADERS = "headers"
    NOT_PEM = "not-pem"
    BYTE_ORDER_MARK = "byte-order-mark"
    INDENTED = "indented"
    ESCAPED_NEWLINES = "escaped-newlines"
    GLUED = "glued"
    DOES_NOT_PARSE = "does-not-parse"
    NOTHING = "no-certificate"


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """``file``: index into the files given; ``block``: which BEGIN of that file, from 0, or -1
    if the file has none. ``detail``: the label, the header or Go's parse text."""

    file: int
    block: int
    reason: NotLoadedReason
    detail: str = ""
    partial: Certificate | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _File:
    certificates: tuple[Certificate, ...]
    missed: tuple[NotLoaded, ...]


class Pool:
    """Certificates by subject, in the order given, each once."""

    def __init__(self) -> None:
        self.certificates: list[Certificate] = []
        self.not_loaded: tuple[NotLoaded, ...] = ()
        self._files: dict[bytes, int] = {}
        self._by_subject: dict[bytes, list[Certificate]] = {}

    def add(self, certificate: Certificate, file: int) -> None:
        """Adds a certificate unless the same octets are there; ``file`` is where from."""
        if certificate.raw in self._files:
            return
        self._files[certificate.raw] = file
        self.certificates.append(certificate)
        self._by_subject.setdefault(certificate.subject_raw, []).append(certificate)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate.raw in self._files

    def __len__(self) -> int:
        return len(self.certificates)

    def file_of(self, certificate: Certificate) -> int | None:
        """Which file the certificate (the same octets) came from."""
        return self._files.get(certificate.raw)

    def named(self, subject_raw: bytes) -> Sequence[Certificate]:
        """The certificates whose subject is these octets."""
        return self._by_subject.get(subject_raw, ())

    def parents(self, child: Certificate) -> list[Certificate]:
        """Candidates for the issuer: key identifiers that agree first, then where one is
        missing, then where they differ; as given inside each."""
        return sorted(self.named(child.issuer_raw), key=lambda each: _rank(each, child))


def _rank(candidate: Certificate, child: Certificate) -> int:
    if candidate.subject_key_id == child.authority_key_id:
        return 0
    return 1 if not candidate.subject_key_id or not child.authority_key_id else 2


@functools.lru_cache(maxsize=16)
def load_pool(files: tuple[bytes, ...], release: Release) -> Pool:
    """A pool of the PEM files' contents. The pool is shared: do not add to it."""
    pool = Pool()
    missed: list[NotLoaded] = []
    for index, data in enumerate(files):
        read = _load(data, release)
        for certificate in read.certificates:
            pool.add(certificate, index)
        missed += [
            NotLoaded(index, each.block, each.reason, each.detail, each.partial)
            for each in read.missed
        ]
    pool.not_loaded = tuple(missed)
    return pool


# The bundle of a host is parsed once, whatever files of a client are put beside it.
@functools.lru_cache(maxsize=64)
def _load(data: bytes, release: Release) -> _File:
    marks = pem.begin_marks(data)
    position = {begin: index for index, (begin, _) in enumerate(marks)}
    certificates: list[Certificate] = []
    missed: list[NotLoaded] = []
    found: set[int] = set()
    for block in pem.blocks(data):
        index = position.get(block.begin, -1)
        found.add(block.begin)
        if block.label != "CERTIFICATE":
            missed.append(NotLoaded(0, index, NotLoadedReason.LABEL, block.label))
        elif block.headers:
            missed.append(NotLoaded(0, index, NotLoadedReason.HEADERS, block.headers[0]))
        else:
            try:
                certificates.append(parse(block.octets, release))
            except ParseError as fault:
                reason = NotLoadedReason.DOES_NOT_PARSE
                missed.append(NotLoaded(0, index, reason, str(fault), fault.partial))
    missed += _overlooked(data, marks, found)
    if not marks and data.strip():
        missed.append(NotLoaded(0, -1, NotLoadedReason.NOTHING))
    missed.sort(key=lambda each: each.block)
    return _File(tuple(certificates), tuple(missed))


def _overlooked(data: bytes, marks: list[tuple[int, str]], found: set[int]) -> Iterator[NotLoaded]:
    """The blocks that a person sees and Go does not decode at all."""
    for index, (begin, _) in enumerate(marks):
        if begin not in found:
            following = marks[index + 1][0] if index + 1 < len(marks) else len(data)
            yield NotLoaded(0, index, _why(data, begin, following))


def _why(data: bytes, begin: int, following: int) -> NotLoadedReason:
    before = data[data.rfind(b"\n", 0, begin) + 1 : begin]
    body = data[begin:following]
    if before == b"\xef\xbb\xbf":
        return NotLoadedReason.BYTE_ORDER_MARK
    if before.strip(b" \t") == b"" and before:
        return NotLoadedReason.INDENTED
    if b"-----\\n" in body or b"\\n-----END" in body:
        return NotLoadedReason.ESCAPED_NEWLINES
    if before.endswith(b"-----") or (following < len(data) and body.endswith(b"-----")):
        return NotLoadedReason.GLUED
    return NotLoadedReason.NOT_PEM


def of_interest(roots: tuple[bytes, ...], chain: Sequence[bytes]) -> tuple[bytes, ...]:
    """The roots (DER) that a path from the chain can touch: Go looks for issuers by their exact
    name.

    A bundle has some 150 roots, and parsing them all would cost more than all the rest.
    """
    names = []
    for der in chain:
        try:
            names.append(parse(der, release()).issuer_raw)
        except ParseError as error:
            if error.partial is not None and error.partial.issuer_raw:
                names.append(error.partial.issuer_raw)
    sent = set(chain)
    return tuple(root for root in roots if root in sent or any(name in root for name in names))


@functools.lru_cache(maxsize=64)
def pem_of(certificates: tuple[bytes, ...]) -> bytes:
    """DER as one PEM file."""
    blocks: Iterable[bytes] = (
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(each) + b"-----END CERTIFICATE-----\n"
        for each in certificates
    )
    return b"".join(blocks)
