"""A chain in lines of text: each certificate as sent, who issued it, and which is at fault."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regdoctor.x509 import text
from regdoctor.x509.certificate import Certificate
from regdoctor.x509.explain import words
from regdoctor.x509.signature import verifies
from regdoctor.x509.verdict import Place, Verdict

_INDENT = "    "
_MANY_NAMES = 12
_MOST_SIGNATURES = 2000


def draw(
    verdict: Verdict,
    time: dt.datetime,
    *,
    root_names: Sequence[str] = (),
    sent_names: Sequence[str] = (),
) -> list[str]:
    """The chain of ``verdict``, judged at ``time``, in lines; names stand there as certificates
    have them, control characters and all.

    ``root_names``: what to call each root file, in the order given to ``verify``.
    ``sent_names``: what to call each certificate of the chain, ``sent 0`` and so on if not given.
    """
    signatures = _Signatures()
    roots = _roots(verdict, signatures)
    names = _Names(root_names, sent_names, roots, signatures)
    lines: list[str] = []
    for index, entry in enumerate(verdict.entries):
        lines += _entry(verdict, index, entry, time, names)
    for place in roots:
        if place.certificate is not None:
            mark = _mark(verdict, place)
            lines.append(f"{names.of(place)}  {_subject(place.certificate)}{mark}")
            lines += _details(place.certificate, _issuer_of_root(place.certificate), time)
    return lines


class _Signatures:
    """Who signed whom, each pair looked at once. A file of namesakes has a square of pairs, so
    only the first ``_MOST_SIGNATURES`` are; ``spent`` tells that some were not."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes], bool] = {}
        self.spent = False

    def made_by(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Whether the key of ``issuer`` made the signature of ``certificate``."""
        pair = (certificate.raw, issuer.raw)
        if pair not in self._known:
            if len(self._known) >= _MOST_SIGNATURES:
                self.spent = True
                return False
            self._known[pair] = issuer.key is not None and verifies(certificate, issuer.key)
        return self._known[pair]


@dataclass(frozen=True, slots=True)
class _Names:
    """What places are called, and what is known of them together."""

    roots: Sequence[str]
    sent: Sequence[str]
    drawn: Sequence[Place]
    signatures: _Signatures

    def of(self, place: Place) -> str:
        if place.sent is not None:
            return self.sent[place.sent] if place.sent < len(self.sent) else f"sent {place.sent}"
        number = place.root or 0
        return self.roots[number] if number < len(self.roots) else f"roots {number}"


def _issuer_of_root(root: Certificate) -> str:
    """A root that did not sign itself is trusted as it is: nobody looks for its issuer."""
    signed_itself = root.self_issued and root.key is not None and verifies(root, root.key)
    return "itself" if signed_itself else "not looked for: trusted as it is"


def _entry(
    verdict: Verdict,
    index: int,
    entry: Certificate | str,
    time: dt.datetime,
    names: _Names,
) -> Iterator[str]:
    called = names.of(Place(index))
    if isinstance(entry, str):
        at_fault = verdict.culprit is None or verdict.culprit.sent == index
        mark = f"  <- at fault: {entry}" if at_fault else f": {entry}"
        yield f"{called}  not a certificate that Go can read{mark}"
        return
    mark = _mark(verdict, Place(index))
    yield f"{called}  {_subject(entry)}{mark}"
    yield from _details(entry, _issuer_place(verdict, index, entry, names), time)


def _subject(certificate: Certificate) -> str:
    return str(certificate.subject) or "(no subject)"


def _mark(verdict: Verdict, place: Place) -> str:
    culprit = verdict.culprit
    if culprit is None or verdict.kind is None:
        return ""
    same = culprit.sent == place.sent if place.sent is not None else culprit == place
    if not same:
        return ""
    return f"  <- at fault: {words(verdict)}"


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


def _issuer_place(verdict: Verdict, index: int, certificate: Certificate, names: _Names) -> str:
    """Where the issuer was found, if its key really made the signature."""
    made_by = names.signatures.made_by
    if certificate.self_issued and made_by(certificate, certificate):
        return "itself"
    namesakes = []
    for other, entry in enumerate(verdict.entries):
        if isinstance(entry, str) or other == index or entry.key is None:
            continue
        if entry.subject_raw == certificate.issuer_raw:
            if made_by(certificate, entry):
                return names.of(Place(other))
            namesakes.append(names.of(Place(other)))
    for place in dict.fromkeys((*names.drawn, *verdict.named_roots)):
        root = place.certificate
        if root is None or root.subject_raw != certificate.issuer_raw:
            continue
        if made_by(certificate, root):
            return names.of(place)
        namesakes.append(names.of(place))
    if names.signatures.spent:
        return "not looked for: too many certificates have that name"
    if namesakes:
        return f"{namesakes[0]} has that name, but did not sign this"
    return "not sent" if verdict.accepted else "not sent, and not among the roots"


def _roots(verdict: Verdict, signatures: _Signatures) -> list[Place]:
    """The roots that were not sent, and that the verdict speaks of or that signed what was sent."""
    spoken = [path[-1] for path in verdict.paths]
    spoken += [
        each for each in verdict.named_roots if _signed_any(each.certificate, verdict, signatures)
    ]
    spoken += [each for each in (verdict.culprit, verdict.hint_cert, verdict.about) if each]
    found: dict[bytes, Place] = {}
    for place in spoken:
        if place.sent is None and place.root is not None and place.certificate is not None:
            found.setdefault(place.certificate.raw, place)
    return list(found.values())


def _signed_any(root: Certificate | None, verdict: Verdict, signatures: _Signatures) -> bool:
    return root is not None and any(
        not isinstance(each, str)
        and each.issuer_raw == root.subject_raw
        and signatures.made_by(each, root)
        for each in verdict.entries
    )
