"""What Go lets pass and others may not, and what will not pass for long."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.x509.certificate import Certificate
from regdoctor.x509.explain import Call
from regdoctor.x509.keys import KeyKind
from regdoctor.x509.signature import verifies
from regdoctor.x509.text import rfc3339
from regdoctor.x509.verdict import Place, Verdict

_SHORTEST_RSA = 2048
"""Bits that OpenSSL asks for at security level 2, the default of Debian and Red Hat."""


@dataclass(frozen=True, slots=True)
class Remark:
    """``code`` is for programs; ``text`` is a sentence without its full stop."""

    code: str
    text: str


def remarks(verdict: Verdict, time: dt.datetime, days: int, call: Call) -> list[Remark]:
    """About the chain of ``verdict``, judged at ``time``; ``days``: how soon is soon."""
    found = [
        *_expiring(verdict, time, days, call),
        *_repeated(verdict, call),
        *_roots_sent(verdict, call),
        *_order(verdict, call),
        *_unrelated(verdict, call),
        *_anchors(verdict, call),
        *_identifiers(verdict, call),
        *_short_keys(verdict, call),
    ]
    return list(dict.fromkeys(found))


def _sent(verdict: Verdict) -> Iterator[tuple[Place, Certificate]]:
    for at, entry in enumerate(verdict.entries):
        if not isinstance(entry, str):
            yield Place(at, None, entry), entry


def _used(verdict: Verdict) -> list[tuple[Place, Certificate]]:
    """The certificates of the first path; where there is none, those sent."""
    if not verdict.paths:
        return list(_sent(verdict))
    return [(each, each.certificate) for each in verdict.paths[0] if each.certificate is not None]


def _is_root(certificate: Certificate) -> bool:
    key = certificate.key
    return certificate.self_issued and key is not None and verifies(certificate, key)


def _expiring(verdict: Verdict, time: dt.datetime, days: int, call: Call) -> Iterator[Remark]:
    for place, certificate in _used(verdict):
        left = certificate.not_after - time
        if dt.timedelta(0) <= left <= dt.timedelta(days=days):
            when = f"{left.days} days" if left.days != 1 else "1 day"
            soon = f"in {when}" if left.days else "within a day"
            end = rfc3339(certificate.not_after)
            yield Remark("expires-soon", f"{call(place)} expires {soon}, on {end}")


def _repeated(verdict: Verdict, call: Call) -> Iterator[Remark]:
    seen: dict[bytes, Place] = {}
    for place, certificate in _sent(verdict):
        first = seen.setdefault(certificate.raw, place)
        if first is not place:
            yield Remark("sent-twice", f"{call(place)} is {call(first)} once more")


def _roots_sent(verdict: Verdict, call: Call) -> Iterator[Remark]:
    for place, certificate in _sent(verdict):
        if place.sent and certificate.is_ca and _is_root(certificate):
            why = "a client has it already, or does not trust it"
            yield Remark("root-sent", f"{call(place)} is a root and need not be sent: {why}")


def _order(verdict: Verdict, call: Call) -> Iterator[Remark]:
    """Issuers by name and key from the leaf up: each should follow what it issued."""
    sent = list(_sent(verdict))
    if not sent or sent[0][0].sent != 0:
        return
    at, child = 0, sent[0][1]
    visited = {child.raw}
    while not child.self_issued:
        issuers = [
            (place.sent or 0, each)
            for place, each in sent
            if each.raw not in visited
            and each.subject_raw == child.issuer_raw
            and each.key is not None
            and verifies(child, each.key)
        ]
        if not issuers:
            return
        if max(place for place, _ in issuers) < at:
            what = f"{call(Place(issuers[0][0], None, issuers[0][1]))} stands before what it issued"
            yield Remark("wrong-order", f"{what}; Go does not mind, other clients do")
            return
        at, child = issuers[0]
        visited.add(child.raw)


def _unrelated(verdict: Verdict, call: Call) -> Iterator[Remark]:
    if not verdict.paths:
        return
    used = {each.certificate.raw for path in verdict.paths for each in path if each.certificate}
    for place, certificate in _sent(verdict):
        if certificate.raw not in used and not _is_root(certificate):
            yield Remark("sent-needlessly", f"{call(place)} belongs to no path to a root")


def _anchors(verdict: Verdict, call: Call) -> Iterator[Remark]:
    """Every path ends in a certificate that is no root: Go trusts what is in its pool."""
    ends = [path[-1] for path in verdict.paths]
    if not ends or any(each.certificate is None or each.certificate.self_issued for each in ends):
        return
    if len(verdict.paths[0]) == 1:
        what = f"{call(ends[0])} is trusted because it is itself among the roots"
    else:
        what = f"{call(ends[0])} is among the roots without being one"
    why = "Go is content with it, OpenSSL and others want its root as well unless told otherwise"
    yield Remark("partial-chain", f"{what}: {why}")


def _identifiers(verdict: Verdict, call: Call) -> Iterator[Remark]:
    path = verdict.paths[0] if verdict.paths else ()
    for lower, upper in itertools.pairwise(path):
        child, issuer = lower.certificate, upper.certificate
        if child is None or issuer is None:
            continue
        wanted, have = child.authority_key_id, issuer.subject_key_id
        if wanted and have and wanted != have:
            what = f"{call(lower)} names another key than {call(upper)} has as its issuer's"
            yield Remark("key-identifiers", f"{what}; Go does not mind, OpenSSL refuses the pair")


def _short_keys(verdict: Verdict, call: Call) -> Iterator[Remark]:
    for place, certificate in _used(verdict):
        key = certificate.key
        if key is None or key.kind is not KeyKind.RSA or place.sent is None:
            continue
        if (bits := key.modulus.bit_length()) < _SHORTEST_RSA:
            why = f"OpenSSL of Debian and Red Hat wants {_SHORTEST_RSA}"
            yield Remark("short-key", f"{call(place)} has an RSA key of {bits} bits; {why}")
