"""Name constraints as Go 1.26 and later judge them: on a complete path, from the leaf upwards.

Every name of every certificate below a constrained CA counts (addresses, DNS, URI, email, in
this order), permitted before excluded; the fault is always the leaf's.
"""

from __future__ import annotations

import bisect
import functools
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from builder.oci.goquote import go_quote
from regdoctor.x509 import text
from regdoctor.x509.certificate import Address, Certificate, Network, Subtrees, Uri
from regdoctor.x509.domains import Mailbox, labels, mailbox
from regdoctor.x509.hosts import lower
from regdoctor.x509.release import Release
from regdoctor.x509.urls import printed

V = TypeVar("V")

# Answers with the constraint that holds for a value, or None.
_Query = Callable[[Subtrees, V, bool], str | None]


@dataclass(frozen=True, slots=True)
class Violation:
    """``text`` in Go's words; ``named`` carries the name, ``issuer`` the constraint: none where
    the name cannot be compared with any."""

    text: str
    named: Certificate
    issuer: Certificate | None = None


def violation(path: Sequence[Certificate], release: Release) -> Violation | None:
    """What a name on the path violates, if anything."""
    for index, child in enumerate(path):
        if child.san is None:
            continue
        above = [each for each in path[index + 1 :] if each.has_name_constraints]
        if not above:
            continue
        names, problem = _names(child, release)
        if problem:
            return Violation(problem, child)
        for issuer in above:
            for check in names:
                problem = check(issuer, release)
                if problem:
                    return Violation(problem, child, issuer)
    return None


_Check = Callable[[Certificate, Release], str]


def _names(child: Certificate, release: Release) -> tuple[list[_Check], str]:
    """A check for each name, or what makes the names impossible to check."""
    uris: list[tuple[Uri, str]] = []
    for uri in child.uris:
        host, problem = uri_domain(uri)
        if problem:
            return [], problem
        uris.append((uri, host))
    mailboxes: list[Mailbox] = []
    for email in child.emails:
        parsed = mailbox(email, release)
        if parsed is None:
            return [], f"cannot parse rfc822Name {go_quote(email)}"
        mailboxes.append(Mailbox(parsed.local, parsed.domain.lower()))
    return list(_checks(child, uris, mailboxes, release)), ""


def _checks(
    child: Certificate,
    uris: list[tuple[Uri, str]],
    mailboxes: list[Mailbox],
    release: Release,
) -> Iterator[_Check]:
    for address in child.addresses:
        query = _network if release.masks_constraints else _searched_network
        yield _bind(query, "IP address", text.address(address), address)
    for name in child.dns_names:
        if labels(name, release) is not None:
            yield _bind(_dns, "DNS name", name, name)
        else:
            yield _always(f"x509: cannot parse dnsName {go_quote(name)}")
    for uri, host in uris:
        yield _bind(_uri, "URI", printed(uri.text), host)
    for each in mailboxes:
        query = functools.partial(_email, release=release)
        yield _bind(query, "email address", str(each), each)


def _always(problem: str) -> _Check:
    return lambda _issuer, _release: problem


def _bind(query: _Query[V], kind: str, shown: str, value: V) -> _Check:
    def check(issuer: Certificate, release: Release) -> str:
        if _applies(issuer.permitted, kind) and query(issuer.permitted, value, False) is None:
            return f"{kind} {go_quote(shown)} is not permitted by any constraint"
        found = query(issuer.excluded, value, True)
        if found is None:
            return ""
        if kind == "email address" and release.empty_email_constraint and "@" in found:
            found = "@"
        return f"{kind} {go_quote(shown)} is excluded by constraint {go_quote(found)}"

    return check


def _applies(half: Subtrees, kind: str) -> bool:
    return bool(
        {"IP address": half.ip, "DNS name": half.dns, "URI": half.uri, "email address": half.email}[
            kind
        ]
    )


def uri_domain(uri: Uri) -> tuple[str, str]:
    """(lower-case host without its port, or why it cannot be matched)."""
    host = uri.host.lower()
    if not host:
        shown = go_quote(printed(uri.text))
        return "", f"URI with empty host ({shown}) cannot be matched against constraints"
    if ":" in host and not host.endswith("]"):
        host, _, _ = host.rpartition(":")
        if not host.startswith("[") and (":" in host or "]" in host):
            what = "too many colons in address" if ":" in host else "unexpected ']' in address"
            return "", f"cannot parse URI host {go_quote(uri.host)}: address {uri.host}: {what}"
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        if bare == host:
            return host, ""
    return "", f"URI with IP ({go_quote(printed(uri.text))}) cannot be matched against constraints"


def _network(half: Subtrees, value: Address, _excluded: bool) -> str | None:
    """The widest network that holds ``value``, written without the bits outside its mask."""
    matching = [each for each in half.ip if value in each.network]
    return str(min(matching, key=_from_the_widest).network) if matching else None


def _searched_network(half: Subtrees, value: Address, _excluded: bool) -> str | None:
    """The network that Go 1.26 finds: it searches networks sorted by their unmasked addresses for
    the last one not above ``value``, so one with bits outside its mask may be overlooked."""
    kept: list[Network] = []
    for each in sorted(half.ip, key=_from_the_widest):
        if each.version != value.version:
            continue
        ends = (each.ip, each.network.broadcast_address)
        if not kept or not all(_contains(kept[-1], end) for end in ends):
            kept.append(each)
    if not kept:
        return None
    at = bisect.bisect_left([each.ip.packed for each in kept], value.packed)
    exact = at < len(kept) and kept[at].ip.packed == value.packed
    found = kept[at if exact else max(0, at - 1)]
    return text.network(found) if exact or _contains(found, value) else None


def _contains(network: Network, value: Address) -> bool:
    """``net.IPNet.Contains``: what is IPv4-mapped counts as IPv4 on both sides."""
    wanted, base = value, network.ip
    prefix = network.network.prefixlen
    if isinstance(base, ipaddress.IPv6Address) and base.ipv4_mapped is not None:
        base, prefix = base.ipv4_mapped, max(0, prefix - 96)
    if isinstance(wanted, ipaddress.IPv6Address) and wanted.ipv4_mapped is not None:
        wanted = wanted.ipv4_mapped
    return wanted in ipaddress.ip_interface((base, prefix)).network


def _from_the_widest(network: Network) -> tuple[bytes, bytes]:
    return network.ip.packed, network.netmask.packed


def _dns(half: Subtrees, value: str, excluded: bool) -> str | None:
    return _domain(half.dns, value, excluded)


def _uri(half: Subtrees, value: str, excluded: bool) -> str | None:
    return _domain(half.uri, value, excluded)


def _email(half: Subtrees, value: Mailbox, excluded: bool, release: Release) -> str | None:
    exact = [mailbox(each, release) for each in half.email if "@" in each]
    if any(each and (each.local, each.domain.lower()) == value for each in exact):
        return str(value)
    return _domain([each for each in half.email if "@" not in each], value.domain, excluded)


def _domain(constraints: list[str], name: str, excluded: bool) -> str | None:
    """The widest constraint that holds for ``name``. A wildcard is also excluded by a
    constraint on any single name it could stand for."""
    if "" in constraints:
        return ""
    ordered = sorted(constraints, key=_from_the_right)
    for each in ordered:
        if covers(each, name):
            return each
    if excluded and name.startswith("*"):
        for each in reversed(ordered):
            if _parent(each) and _parent(each) == _parent(name):
                return each.lower()
    return None


def _from_the_right(domain: str) -> bytes:
    """A sort key that puts a domain before its sub-domains and next to them."""
    return lower(domain)[::-1].encode("ascii").replace(b".", b"\x00")


def covers(constraint: str, name: str) -> bool:
    """Is ``constraint`` a suffix of ``name`` on a label's border? With a leading dot it holds
    for sub-domains only."""
    one, other = lower(constraint), lower(name)
    if not other.endswith(one):
        return False
    return one.startswith(".") or len(one) == len(other) or other[-len(one) - 1] == "."


def _parent(domain: str) -> str:
    """``domain`` without its first label, dot kept; empty for a single label."""
    dot = domain.find(".")
    return "" if dot < 0 else domain[dot:].lower()
