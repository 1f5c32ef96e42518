"""Name constraints as Go up to 1.25 judged them: at each CA, while the path is being built.

Names in the order the certificate has them, excluded before permitted; a fault is the CA's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

from builder.oci.goquote import go_quote
from regdoctor.x509 import text
from regdoctor.x509.certificate import Address, Certificate, Subtrees, Uri
from regdoctor.x509.constraints import uri_domain
from regdoctor.x509.domains import Mailbox, labels, mailbox
from regdoctor.x509.fault import Fault, Kind
from regdoctor.x509.release import Release

_PREFIX = "x509: a root or intermediate certificate is not authorized to sign for this name: "


class _UnmatchableError(Exception):
    """A name or a constraint that cannot be compared."""


def check(issuer: Certificate, path: Sequence[Certificate], release: Release) -> Fault | None:
    """Do the constraints of ``issuer`` allow the names of the certificates below it?"""
    if not issuer.has_name_constraints:
        return None
    below = path if release.constrains_intermediates else path[:1]
    for child in below:
        if child.san is None:
            continue
        for kind, name in child.names:
            problem = _unparsable(kind, name, release)
            if problem:
                return Fault(Kind.NAME_CONSTRAINT, problem, culprit=child)
            detail = _violation(issuer, kind, name, release)
            if detail:
                text = _PREFIX + detail
                return Fault(Kind.NAME_CONSTRAINT, text, issuer, child, constraining=issuer)
    return None


def _unparsable(kind: str, name: str | Address | Uri, release: Release) -> str:
    if kind == "DNS name" and isinstance(name, str) and labels(name, release) is None:
        return f"x509: cannot parse dnsName {go_quote(name)}"
    if kind == "email address" and isinstance(name, str) and mailbox(name, release) is None:
        # The parsed mailbox is printed, which is empty here.
        return 'x509: cannot parse rfc822Name {"" ""}'
    return ""


def _violation(issuer: Certificate, kind: str, name: str | Address | Uri, release: Release) -> str:
    shown, matches = _matcher(kind, name, release)
    try:
        for each in _constraints(issuer.excluded, kind):
            if matches(each, True):
                constraint = go_quote(_shown(each, kind))
                return f"{kind} {go_quote(shown)} is excluded by constraint {constraint}"
        permitted = _constraints(issuer.permitted, kind)
        if permitted and not any(matches(each, False) for each in permitted):
            return f"{kind} {go_quote(shown)} is not permitted by any constraint"
    except _UnmatchableError as problem:
        return str(problem)
    return ""


def _shown(constraint: str, kind: str) -> str:
    is_network = kind == "IP address"
    return text.network(ipaddress.ip_interface(constraint)) if is_network else constraint


def _constraints(half: Subtrees, kind: str) -> list[str]:
    if kind == "IP address":
        return list(map(str, half.ip))
    return {"DNS name": half.dns, "URI": half.uri, "email address": half.email}[kind]


def _matcher(
    kind: str, name: str | Address | Uri, release: Release
) -> tuple[str, Callable[[str, bool], bool]]:
    """(the name as shown, a function from (constraint, excluded) to whether it holds)."""
    if isinstance(name, Uri):
        return name.text, lambda constraint, _: _uri(name, constraint, release)
    if not isinstance(name, str):
        return text.address(name), lambda constraint, _: _network(name, constraint)
    if kind == "email address":
        parsed = mailbox(name, release) or Mailbox("", "")
        return name, lambda constraint, _: _email(parsed, constraint, release)
    wildcards = release.excludes_wildcards
    return name, lambda constraint, excluded: _domain(
        name, constraint, release, wildcard=excluded and wildcards
    )


def _network(address: Address, constraint: str) -> bool:
    return address in ipaddress.ip_interface(constraint).network


def _uri(uri: Uri, constraint: str, release: Release) -> bool:
    host, problem = uri_domain(uri)
    if problem:
        raise _UnmatchableError(problem)
    return _domain(host, constraint, release)


def _email(name: Mailbox, constraint: str, release: Release) -> bool:
    if "@" in constraint:
        wanted = mailbox(constraint, release)
        return wanted is not None and (
            wanted.local == name.local and wanted.domain.lower() == name.domain.lower()
        )
    return _domain(name.domain, constraint, release)


def _domain(domain: str, constraint: str, release: Release, *, wildcard: bool = False) -> bool:
    if not constraint:
        return True
    have = labels(domain, release)
    if have is None:
        raise _UnmatchableError(f"x509: internal error: cannot parse domain {go_quote(domain)}")
    below = constraint.startswith(".")
    wanted = labels(constraint[1:] if below else constraint, release)
    if wanted is None:
        raise _UnmatchableError(f"x509: internal error: cannot parse domain {go_quote(constraint)}")
    if wildcard and domain.startswith("*") and len(have) > 1 and wanted:
        # A wildcard stands for any name under its parent: compare without the first labels.
        have, wanted = have[:-1], wanted[:-1]
    if len(have) < len(wanted) or (below and len(have) == len(wanted)):
        return False
    return all(
        one.lower() == other.lower() for one, other in zip(wanted, have[: len(wanted)], strict=True)
    )
