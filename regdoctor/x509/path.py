"""Paths from a leaf up to a root of the pool, built and refused as crypto/x509 does.

For each certificate, candidates of the pool come before those sent. One that fails the
signature step leaves a *hint*; one that passes it and fails afterwards leaves a plain fault.
If no path is complete, the fault of the last candidate that passed the signature step is
told; only if none passed it, "unknown authority" with the first hint.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from builder.oci.goquote import go_quote
from regdoctor.x509 import constraints_building, signature
from regdoctor.x509.certificate import Certificate
from regdoctor.x509.fault import Fault, Kind
from regdoctor.x509.pool import Pool
from regdoctor.x509.release import Release
from regdoctor.x509.signature import Refusal
from regdoctor.x509.text import rfc3339

Path = tuple[Certificate, ...]

MAX_SIGNATURE_CHECKS = 100


class _LimitReachedError(Exception):
    """More candidates were tried than Go tries."""


@dataclass(slots=True)
class _Search:
    roots: Pool
    sent: Pool
    now: dt.datetime
    release: Release
    checks: int = 0


@dataclass(slots=True)
class _Step:
    """What was found while looking for the issuer of one certificate."""

    paths: list[Path] = field(default_factory=list)
    fault: Fault | None = None
    hint: Refusal | None = None
    hint_certificate: Certificate | None = None


def build(
    leaf: Certificate, roots: Pool, sent: Pool, now: dt.datetime, release: Release
) -> list[Path] | Fault:
    """Every complete path in Go's order, or the fault that Go tells when there is none."""
    search = _Search(roots, sent, now, release)
    step = _issuers((leaf,), search)
    if step.paths:
        return step.paths
    assert step.fault is not None
    return step.fault


def check_leaf(leaf: Certificate, now: dt.datetime) -> Fault | None:
    """What is looked at before anything else: critical extensions, then the dates."""
    return _critical(leaf) or _dates(leaf, now)


def _issuers(path: Path, search: _Search) -> _Step:
    child, step = path[-1], _Step()
    candidates = [(each, True) for each in search.roots.parents(child)]
    candidates += [(each, False) for each in search.sent.parents(child)]
    for candidate, is_root in candidates:
        try:
            _consider(candidate, path, step, search, is_root=is_root)
        except _LimitReachedError:
            message = "signature check attempts limit reached while verifying certificate chain"
            step.fault = Fault(Kind.SIGNATURE_LIMIT, f"x509: {message}")
            break
    if not step.paths and step.fault is None:
        step.fault = _unknown(child, step)
    return step


def _consider(
    candidate: Certificate, path: Path, step: _Step, search: _Search, *, is_root: bool
) -> None:
    unknown_key = candidate.key is None and not search.release.hints_unknown_key
    skipped = unknown_key or _in_path(candidate, path)
    if skipped and not search.release.counts_skipped_candidates:
        return
    search.checks += 1
    if search.checks > MAX_SIGNATURE_CHECKS:
        raise _LimitReachedError
    if skipped:
        return
    refusal = signature.check(path[-1], candidate, search.release)
    if refusal is not None:
        if step.hint is None:
            step.hint, step.hint_certificate = refusal, candidate
        return
    step.fault = _authority(candidate, path, search, is_root=is_root)
    if step.fault is not None:
        return
    longer = (*path, candidate)
    if is_root:
        step.paths.append(longer)
        return
    above = _issuers(longer, search)
    step.paths += above.paths
    step.fault = None if above.paths else above.fault
    if step.fault is not None and step.fault.kind is Kind.SIGNATURE_LIMIT:
        raise _LimitReachedError


def _in_path(candidate: Certificate, path: Path) -> bool:
    """Subject, key and alternative names say whether a certificate is there already: so
    cross-signed certificates make no loops."""
    for each in path:
        if each.subject_raw != candidate.subject_raw or each.spki != candidate.spki:
            continue
        if each.san == candidate.san:
            return True
        if each.san is None or candidate.san is None:
            return False
    return False


def _authority(
    candidate: Certificate, path: Path, search: _Search, *, is_root: bool
) -> Fault | None:
    """What is asked of an issuer after its signature was found good."""
    fault = _critical(candidate) or _dates(candidate, search.now)
    if fault is not None:
        return fault
    if not search.release.constraints_last:
        fault = constraints_building.check(candidate, path, search.release)
        if fault is not None:
            return fault
    if not is_root and not (candidate.has_basic_constraints and candidate.is_ca):
        message = "certificate is not authorized to sign other certificates"
        return Fault(Kind.NOT_A_CA, f"x509: {message}", candidate)
    if candidate.has_basic_constraints and 0 <= candidate.path_length < len(path) - 1:
        message = "too many intermediates for path length constraint"
        return Fault(Kind.PATH_LENGTH, f"x509: {message}", candidate)
    return None


def _critical(certificate: Certificate) -> Fault | None:
    if not certificate.unhandled_critical:
        return None
    text = "x509: unhandled critical extension"
    return Fault(Kind.CRITICAL_EXTENSION, text, culprit=certificate)


def _dates(certificate: Certificate, now: dt.datetime) -> Fault | None:
    if now < certificate.not_before:
        kind, relation, limit = Kind.NOT_YET_VALID, "before", certificate.not_before
    elif now > certificate.not_after:
        kind, relation, limit = Kind.EXPIRED, "after", certificate.not_after
    else:
        return None
    detail = f"current time {rfc3339(now)} is {relation} {rfc3339(limit)}"
    text = f"x509: certificate has expired or is not yet valid: {detail}"
    return Fault(kind, text, certificate)


def _unknown(child: Certificate, step: _Step) -> Fault:
    text = "x509: certificate signed by unknown authority"
    hint, candidate = step.hint, step.hint_certificate
    if hint is None or candidate is None:
        return Fault(Kind.UNKNOWN_AUTHORITY, text, child)
    text += (
        f" (possibly because of {go_quote(hint.text)} while trying to verify "
        f"candidate authority certificate {go_quote(display_name(candidate))})"
    )
    return Fault(
        Kind.UNKNOWN_AUTHORITY,
        text,
        child,
        culprit=candidate if hint.fault in _CANDIDATE_AT_FAULT else child,
        hint=hint,
        hint_certificate=candidate,
    )


# A wrong signature is the child's; a candidate that may or can not sign is itself at fault.
_CANDIDATE_AT_FAULT = (signature.SignatureFault.NOT_A_CA, signature.SignatureFault.WEAK_KEY)


def display_name(certificate: Certificate) -> str:
    """How Go names a certificate in a hint."""
    subject = certificate.subject
    return subject.common_name or subject.organisation or f"serial:{certificate.serial}"
