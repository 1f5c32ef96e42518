"""A chain in lines of text: each certificate as sent, who issued it, and which is at fault."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from regdoctor.x509 import text
from regdoctor.x509.certificate import Certificate
from regdoctor.x509.fault import Kind
from regdoctor.x509.signature import SignatureFault, verifies
from regdoctor.x509.verdict import Place, Verdict

_INDENT = "    "
_MANY_NAMES = 12

_WORDS = {
    Kind.UNKNOWN_AUTHORITY: "nobody trusted vouches for it",
    Kind.EXPIRED: "expired",
    Kind.NOT_YET_VALID: "not valid yet",
    Kind.HOSTNAME: "does not cover the name asked for",
    Kind.CRITICAL_EXTENSION: "has a critical extension that Go does not know",
    Kind.NOT_A_CA: "may not issue certificates",
    Kind.PATH_LENGTH: "allows fewer intermediates below it",
    Kind.KEY_USAGE: "is not for servers (extended key usage)",
    Kind.NAME_CONSTRAINT: "has a name that a CA above it may not vouch for",
    Kind.POLICY: "breaks the policies of a CA above it",
    Kind.PARSE: "does not parse",
    Kind.RSA_TOO_LARGE: "has an RSA key too long for TLS",
    Kind.KEY_TYPE: "has a key that TLS cannot use",
    Kind.HANDSHAKE_KEY: "the server does not hold its key",
}
_HINTED = {
    SignatureFault.NOT_A_CA: "may not issue certificates",
    SignatureFault.INSECURE_ALGORITHM: "is signed with an algorithm that is broken",
    SignatureFault.UNIMPLEMENTED: "is signed with an algorithm that Go does not verify",
    SignatureFault.KEY_TYPE: "is signed by another key than the issuer of that name has",
    SignatureFault.WEAK_KEY: "has a key that Go does not trust",
    SignatureFault.MISMATCH: "is signed by another key than the issuer of that name has",
}


def draw(verdict: Verdict, time: dt.datetime, *, root_names: Sequence[str] = ()) -> str:
    """The chain of ``verdict``, judged at ``time``, without a final newline.

    ``root_names``: what to call each root file, in the order given to ``verify``.
    """
    lines: list[str] = []
    for index, entry in enumerate(verdict.entries):
        lines += _entry(verdict, index, entry, time, root_names)
    for place in _roots(verdict):
        if place.certificate is not None:
            mark = _mark(verdict, place)
            lines.append(f"{_named(place, root_names)}  {_subject(place.certificate)}{mark}")
            lines += _details(place.certificate, "itself", time)
    return "\n".join(lines)


def _entry(
    verdict: Verdict,
    index: int,
    entry: Certificate | str,
    time: dt.datetime,
    root_names: Sequence[str],
) -> Iterator[str]:
    if isinstance(entry, str):
        yield f"sent {index}  not a certificate that Go can read  <- at fault: {entry}"
        return
    mark = _mark(verdict, Place(index))
    yield f"sent {index}  {_subject(entry)}{mark}"
    yield from _details(entry, _issuer_place(verdict, index, entry, root_names), time)


def _subject(certificate: Certificate) -> str:
    return str(certificate.subject) or "(no subject)"


def _mark(verdict: Verdict, place: Place) -> str:
    culprit = verdict.culprit
    if culprit is None or verdict.kind is None:
        return ""
    same = culprit.sent == place.sent if place.sent is not None else culprit == place
    if not same:
        return ""
    words = _HINTED[verdict.hint.fault] if verdict.hint else _WORDS.get(verdict.kind, "")
    return f"  <- at fault: {words or verdict.kind}"


def _details(certificate: Certificate, issuer: str, time: dt.datetime) -> Iterator[str]:
    names = _names(certificate)
    if names or certificate.san is not None or not certificate.is_ca:
        yield f"{_INDENT}names    {names or 'none'}"
    yield f"{_INDENT}issuer   {certificate.issuer or '(no name)'} ({issuer})"
    begin, end = text.rfc3339(certificate.not_before), text.rfc3339(certificate.not_after)
    yield f"{_INDENT}valid    {begin} to {end}{_age(certificate, time)}"
    algorithm = certificate.signature_algorithm
    key = str(certificate.key) if certificate.key else "of a type unknown to Go"
    signed = algorithm.name if algorithm else "an algorithm unknown to Go"
    yield f"{_INDENT}key      {key}, signed with {signed}"
    yield f"{_INDENT}sha256   {certificate.fingerprint}"


def _names(certificate: Certificate) -> str:
    found = [*certificate.dns_names, *map(text.address, certificate.addresses)]
    shown = ", ".join(found[:_MANY_NAMES])
    return shown + (f" and {len(found) - _MANY_NAMES} more" if len(found) > _MANY_NAMES else "")


def _age(certificate: Certificate, time: dt.datetime) -> str:
    if time > certificate.not_after:
        return f" (expired {_span(time - certificate.not_after)} before)"
    if time < certificate.not_before:
        return f" (begins in {_span(certificate.not_before - time)})"
    return ""


def _span(length: dt.timedelta) -> str:
    """The largest unit of which there is one: ``3 days``, ``1 hour``, ``20 seconds``."""
    seconds = int(length.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a second"


def _issuer_place(
    verdict: Verdict, index: int, certificate: Certificate, root_names: Sequence[str]
) -> str:
    """Where the issuer was found, if its key really made the signature."""
    key = certificate.key
    if certificate.self_issued and key is not None and verifies(certificate, key):
        return "itself"
    namesakes = []
    for other, entry in enumerate(verdict.entries):
        if isinstance(entry, str) or other == index or entry.key is None:
            continue
        if entry.subject_raw == certificate.issuer_raw:
            if verifies(certificate, entry.key):
                return f"sent {other}"
            namesakes.append(f"sent {other}")
    for place in _roots(verdict):
        root = place.certificate
        if root is None or root.subject_raw != certificate.issuer_raw:
            continue
        if root.key is not None and verifies(certificate, root.key):
            return _named(place, root_names)
        namesakes.append(_named(place, root_names))
    if namesakes:
        return f"{namesakes[0]} has that name, but did not sign this"
    return "not sent" if verdict.accepted else "not sent, and not among the roots"


def _roots(verdict: Verdict) -> list[Place]:
    """The roots that the verdict speaks of and that were not sent, each once."""
    spoken = [path[-1] for path in verdict.paths]
    spoken += [each for each in (verdict.culprit, verdict.hint_cert, verdict.about) if each]
    found: dict[bytes, Place] = {}
    for place in spoken:
        if place.sent is None and place.root is not None and place.certificate is not None:
            found.setdefault(place.certificate.raw, place)
    return list(found.values())


def _named(place: Place, root_names: Sequence[str]) -> str:
    assert place.root is not None
    return root_names[place.root] if place.root < len(root_names) else f"roots {place.root}"
