"""Derived observations: the facts of a served chain, and what every client would say to it.

Pure. Made once for an endpoint, read by many checks, and made anew when an observation that
they rest on arrives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from regdoctor.checks.judging import asking, policies_at
from regdoctor.clients.policy import Policy
from regdoctor.clients.table import OWN
from regdoctor.observations.host import IN_IMAGES, OwnTrust, RootsSeen
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import FetchedIssuer, ServedChain
from regdoctor.observations.trust import (
    CertificateFacts,
    ChainFacts,
    ChainVerdicts,
    Reason,
    TrustVerdict,
)
from regdoctor.x509 import (
    LATEST,
    Kind,
    Mismatch,
    ParseError,
    Place,
    Pool,
    Verdict,
    load_pool,
    of_interest,
    parse,
    pem_of,
    release,
    verify,
)
from regdoctor.x509.certificate import Subtrees
from regdoctor.x509.explain import hidden, unusable_issuer, words
from regdoctor.x509.signature import SignatureFault, verifies


def derive(seen: Observations, endpoint: str) -> None:
    """Adds what follows from the observations of ``endpoint``; safe to call again."""
    served = seen.get(ServedChain, endpoint)
    if served is None or not served.certificates:
        return
    facts = chain_facts(served)
    seen.add(endpoint, facts)
    seen.add(endpoint, _Judge(seen, endpoint, served, facts).verdicts())


def chain_facts(served: ServedChain) -> ChainFacts:
    """What each certificate of the chain says about itself."""
    return ChainFacts(served.server_name, tuple(map(certificate_facts, served.certificates)))


def certificate_facts(der: bytes) -> CertificateFacts:
    """One certificate; what Go cannot parse keeps its fingerprint and says why."""
    import hashlib

    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        parsed = parse(der, release(LATEST))
    except ParseError as error:
        return CertificateFacts(fingerprint=fingerprint, unparsed=str(error))
    same_name = parsed.subject_raw == parsed.issuer_raw
    return CertificateFacts(
        subject=str(parsed.subject),
        issuer=str(parsed.issuer),
        not_before=parsed.not_before.timestamp(),
        not_after=parsed.not_after.timestamp(),
        fingerprint=fingerprint,
        dns_names=tuple(parsed.dns_names),
        ip_addresses=tuple(str(each) for each in parsed.addresses),
        common_name=parsed.subject.common_name,
        san_present=parsed.san is not None,
        self_signed=same_name and parsed.key is not None and verifies(parsed, parsed.key),
        ca=parsed.is_ca,
        issuer_urls=tuple(parsed.issuer_urls),
        signature=parsed.signature_algorithm.name if parsed.signature_algorithm else "",
        usages=tuple(parsed.usages),
        permitted=_trees(parsed.permitted),
        excluded=_trees(parsed.excluded),
    )


def _trees(half: Subtrees) -> tuple[str, ...]:
    return (*half.dns, *map(str, half.ip), *half.email, *half.uri)


class _Judge:
    """One endpoint's chain before every store."""

    def __init__(
        self, seen: Observations, endpoint: str, served: ServedChain, facts: ChainFacts
    ) -> None:
        self.served, self.facts = served, facts
        self.time = dt.datetime.fromtimestamp(served.seen_at, dt.UTC)
        roots = seen.get(RootsSeen, HOST)
        fetched = seen.get(FetchedIssuer, endpoint)
        self.issuers: tuple[bytes, ...] = ()
        if fetched is not None and fetched.certificate:
            self.issuers = (fetched.certificate, *fetched.above)
        self.roots = roots.certificates if roots else ()
        self.system = pem_of(of_interest(self.roots, (*served.certificates, *self.issuers)))
        self.system_sources = roots.sources if roots else ()
        public = seen.get(RootsSeen, HOST, IN_IMAGES)
        inside = public.certificates if public else ()
        self.image = pem_of(of_interest(inside, (*served.certificates, *self.issuers)))
        own = seen.get(OwnTrust, endpoint) or OwnTrust()
        others = policies_at(seen, endpoint)
        self.policies = (*others, _own_policy(own))
        self.asking = asking(seen, endpoint)

    def verdicts(self) -> ChainVerdicts:
        known = (p for p in self.policies if p.client in self.asking and p.pool != "unknown")
        # Of a pool on another host nothing is known, and nothing is said.
        judged = tuple(map(self._verdict, known))
        distrusted = any("unknown-authority" in (v.reason, v.beneath_reason) for v in judged)
        return ChainVerdicts(
            verdicts=judged,
            at=self.served.seen_at,
            completed=distrusted and self._completed(),
            holders=self._holders() if distrusted else (),
            held=distrusted and self._held(),
            configured=sum(len(_pool(p.extra)) for p in self.policies),
            kin=distrusted and self._kin(),
        )

    def _verdict(self, policy: Policy) -> TrustVerdict:
        origins = ("its image",) if policy.pool == "image" else self.system_sources
        sources = (*origins, *policy.sources)
        pool = self._trusted(policy)
        if policy.insecure or policy.plain == "only":
            return TrustVerdict(policy.client, accepted=True, sources=sources, skipped=True)
        verdict = self._go(self.served.certificates, pool, policy.go)
        reason = _reason(verdict)
        beneath: tuple[str, Reason] = ("", "")
        if reason in ("expired", "not-yet-valid", "hostname", "legacy-common-name", "no-ip-sans"):
            beneath = self._beneath(self.served.certificates, pool)
        return TrustVerdict(
            client=policy.client,
            accepted=verdict.accepted,
            error=verdict.text,
            reason=reason,
            about=_place(verdict),
            beneath=beneath[0],
            beneath_reason=beneath[1],
            sources=sources,
            broken=policy.broken,
            anchor=_anchor(verdict),
            fault=words(verdict),
            hidden=tuple(hidden(verdict, _called)),
        )

    def _trusted(self, policy: Policy) -> tuple[bytes, ...]:
        """The client's whole pool, as PEM."""
        system = self.image if policy.pool == "image" else self.system
        return (system, *policy.extra)

    def _go(self, chain: Sequence[bytes], files: tuple[bytes, ...], go: str) -> Verdict:
        return verify(chain, files, self.facts.host, self.time, go or LATEST)

    def _beneath(self, chain: Sequence[bytes], files: tuple[bytes, ...]) -> tuple[str, Reason]:
        """Go's words with the leaf's names set aside, at a time when the leaf is valid."""
        leaf = self.facts.certificates[0]
        moment = self.time.timestamp()
        if not leaf.unparsed:
            moment = min(max(moment, leaf.not_before), leaf.not_after)
        when = dt.datetime.fromtimestamp(moment, dt.UTC)
        # Without a name, Verify skips the names; the handshake's own text is of no use then.
        text = verify(chain, files, "", when).verify_text
        if "certificate signed by unknown authority" not in text:
            return text, "other" if text else ""
        return text, "namesake" if "possibly because of" in text else "unknown-authority"

    def _completed(self) -> bool:
        """True where, with the issuers found outside the chain, some store knows its authority."""
        if not self.issuers:
            return False
        chain = (*self.served.certificates, *self.issuers)
        stores = {self._trusted(policy) for policy in self.policies if policy.pool != "unknown"}
        return any(self._known(chain, files) for files in stores)

    def _known(self, chain: Sequence[bytes], files: tuple[bytes, ...]) -> bool:
        """Whether a path to an authority exists, whatever else may be wrong with it."""
        text, reason = self._beneath(chain, files)
        # Of an algorithm that Go gave up it cannot tell whether the authority signed.
        return reason not in ("unknown-authority", "namesake") or "insecure algorithm" in text

    def _held(self) -> bool:
        stores = (self._trusted(policy) for policy in self.policies if policy.extra)
        return any(self._known(self.served.certificates, files) for files in stores)

    def _holders(self) -> tuple[str, ...]:
        """The files that hold an authority of the chain."""
        found = []
        for policy in self.policies:
            if len(policy.extra) != len(policy.sources):
                continue  # it cannot be said which file the authority came from
            for content, source in zip(policy.extra, policy.sources, strict=True):
                if self._known(self.served.certificates, (self.system, content)):
                    found.append(source)
        return tuple(dict.fromkeys(found))

    def _kin(self) -> bool:
        """True where a root of the system's pool has the issuer's organisation."""
        organisations = {_organisation(each.issuer) for each in self.facts.certificates} - {""}
        octets = [each.encode() for each in organisations]
        near = tuple(root for root in self.roots if any(each in root for each in octets))
        return bool(organisations & _organisations(pem_of(near)))


def _own_policy(own: OwnTrust) -> Policy:
    extra = (pem_of(own.certificates),) if own.certificates else ()
    return Policy(OWN, extra, own.sources, insecure=own.insecure)


_KINDS: dict[Kind, Reason] = {
    Kind.UNKNOWN_AUTHORITY: "unknown-authority",
    Kind.EXPIRED: "expired",
    Kind.NOT_YET_VALID: "not-yet-valid",
    Kind.HOSTNAME: "hostname",
    Kind.KEY_USAGE: "key-usage",
    Kind.NAME_CONSTRAINT: "name-constraint",
}
_HINTS: dict[SignatureFault, Reason] = {
    SignatureFault.MISMATCH: "namesake",
    SignatureFault.INSECURE_ALGORITHM: "weak-signature",
}
_MISMATCHES: dict[Mismatch, Reason] = {
    Mismatch.LEGACY_COMMON_NAME: "legacy-common-name",
    Mismatch.NO_IP_SANS: "no-ip-sans",
}


def _reason(verdict: Verdict) -> Reason:
    if verdict.accepted or verdict.kind is None:
        return ""
    if verdict.mismatch is not None:
        return _MISMATCHES.get(verdict.mismatch, "hostname")
    reason = _KINDS.get(verdict.kind, "other")
    if unusable_issuer(verdict):
        return "other"
    if reason == "unknown-authority" and verdict.hint is not None:
        return _HINTS.get(verdict.hint.fault, "other")
    return reason


def _place(verdict: Verdict) -> int:
    """Where the certificate at fault was sent, which need not be the one that Go's error is
    about; -1 for one that was not."""
    place = verdict.culprit or verdict.about
    return -1 if place is None or place.sent is None else place.sent


def _called(place: Place) -> str:
    subject = str(place.certificate.subject) if place.certificate else ""
    if place.sent is None:
        return f"{subject or 'a certificate without a name'} of the client's store"
    if place.sent == 0:
        return "the server's certificate"
    return subject or f"certificate {place.sent} of the chain"


def _anchor(verdict: Verdict) -> CertificateFacts | None:
    """The certificate that the verdict is about, where the server did not send it."""
    place = verdict.culprit or verdict.about
    if place is None or place.sent is not None or place.certificate is None:
        return None
    # Of one that does not parse, the name may have been read all the same.
    facts, subject = certificate_facts(place.certificate.raw), str(place.certificate.subject)
    return replace(facts, subject=subject)


def _organisation(name: str) -> str:
    return next((part[2:] for part in name.split(", ") if part.startswith("O=")), "")


def _organisations(pem: bytes) -> set[str]:
    return {each.subject.organisation for each in _pool((pem,)).certificates}


def _pool(files: tuple[bytes, ...]) -> Pool:
    return load_pool(files, release(LATEST))
