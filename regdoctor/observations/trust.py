"""Derived observations: what a chain says about itself, and who would accept it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "",
    "unknown-authority",
    "namesake",
    "expired",
    "not-yet-valid",
    "hostname",
    "legacy-common-name",
    "no-ip-sans",
    "weak-signature",
    "key-usage",
    "name-constraint",
    "other",
]
"""Kinds of refusal. ``namesake``: an authority of that name is known, but did not sign this.
``weak-signature``: it may have, by an algorithm that Go gave up."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate. Names are RFC 4514 text; times are seconds since the epoch.

    ``fingerprint`` is the SHA-256 of the DER in lower-case hex. ``signature`` is the algorithm
    of its own signature by Go's name (``SHA1-RSA``); ``usages`` are extended key usages by
    dotted OID, none where it is not limited; ``permitted`` and ``excluded`` the names below
    which a CA may, or may not, sign. ``unparsed`` says why the rest is empty.
    """

    subject: str = ""
    issuer: str = ""
    not_before: float = 0.0
    not_after: float = 0.0
    fingerprint: str = ""
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    common_name: str = ""
    san_present: bool = False
    self_signed: bool = False
    ca: bool = False
    issuer_urls: tuple[str, ...] = ()
    signature: str = ""
    usages: tuple[str, ...] = ()
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    unparsed: str = ""


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """The served certificates in the server's order, leaf first."""

    host: str
    certificates: tuple[CertificateFacts, ...]

    @property
    def topmost(self) -> int:
        """The place of the last certificate of the path that begins at the leaf.

        Issuers are followed by name through what was sent, in whatever order it came.
        """
        at, visited = 0, {0}
        while not self.certificates[at].self_signed:
            issuer = self.certificates[at].issuer
            after = next(
                (
                    place
                    for place, each in enumerate(self.certificates)
                    if place not in visited and each.subject == issuer
                ),
                None,
            )
            if after is None:
                break
            at = after
            visited.add(at)
        return at


@dataclass(frozen=True, slots=True)
class TrustVerdict:
    """What one client would say about the chain.

    ``error`` is Go's text, empty where the chain is accepted; ``reason`` its kind, ``about``
    the place of the certificate it is about (-1: none of those served). ``beneath`` and
    ``beneath_reason`` are the same with the leaf's dates and names set aside: what stays
    broken once those are mended. ``skipped`` tells that the client is configured not to
    verify, ``broken`` what in its files makes it fail before any handshake. ``anchor`` is the
    certificate of its store that the words are about, where it is none of those served.
    ``fault``: what is wrong with the certificate at fault, in a few words that follow its name;
    ``hidden``: what Go's text does not say, in sentences without their full stop.
    """

    client: str
    accepted: bool
    error: str = ""
    reason: Reason = ""
    about: int = -1
    beneath: str = ""
    beneath_reason: Reason = ""
    sources: tuple[str, ...] = ()
    skipped: bool = False
    broken: str = ""
    anchor: CertificateFacts | None = None
    fault: str = ""
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainVerdicts:
    """The verdict of each client's store, judged for the time ``at`` (seconds since the epoch).

    ``completed`` names what makes the chain whole: a certificate found outside the chain
    (``FetchedIssuer``) with which some store of this host accepts it. ``holders`` are files
    of this host with an authority under which the chain is accepted; ``held`` that some client
    has one, in whatever file. ``configured`` counts
    the authorities that some client has for this very registry. ``kin`` tells that a root of
    the system's pool carries the organisation of the topmost certificate's issuer.
    """

    verdicts: tuple[TrustVerdict, ...]
    at: float = 0.0
    completed: bool = False
    holders: tuple[str, ...] = ()
    held: bool = False
    configured: int = 0
    kin: bool = False

    def of(self, client: str) -> TrustVerdict | None:
        """The verdict of ``client``, None where it was not judged."""
        return next((each for each in self.verdicts if each.client == client), None)

    def failing(self, reason: Reason) -> tuple[str, ...]:
        """The clients that would refuse the chain with that reason."""
        return tuple(each.client for each in self.verdicts if each.reason == reason)

    def distrusting(self) -> tuple[str, ...]:
        """The clients that know no authority for the chain, be it hidden by another fault."""
        wanted = "unknown-authority"
        return tuple(
            each.client for each in self.verdicts if wanted in (each.reason, each.beneath_reason)
        )
