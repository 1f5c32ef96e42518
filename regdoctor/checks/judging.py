"""What many checks say in the same way: subjects, severity, chains and answers as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from regdoctor.clients.policy import Policy
from regdoctor.clients.table import EVERY, OWN, policies
from regdoctor.model.finding import Evidence, Severity
from regdoctor.model.wording import day, listed
from regdoctor.observations.host import AskedClients, HostFiles
from regdoctor.observations.http import Answer, ManifestLook, Ping
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.trust import CertificateFacts, ChainFacts, Reason, TrustVerdict

PUBLIC = (
    *("docker.io", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "mcr.microsoft.com"),
    "public.ecr.aws",
)
"""Registries that everybody's bundle vouches for, and that speak TLS: what shows otherwise is a
box on the way."""


def is_public(host: str) -> bool:
    """Whether ``host`` is one of ``PUBLIC``, or below one."""
    return any(host == each or host.endswith("." + each) for each in PUBLIC)


def subject_of(endpoint: str) -> str:
    """``host[:port]`` of an endpoint's URL."""
    return endpoint.partition("://")[2]


def asking(seen: Observations, endpoint: str, clients: Sequence[str] = ()) -> tuple[str, ...]:
    """The clients that contact the endpoint: a mirror is asked by whom it is set for.

    Of all that are judged in this run, or of ``clients`` alone where some are named.
    """
    asked = seen.get(AskedClients, HOST)
    more = (name for name in (asked.names if asked else ()) if name not in EVERY)
    judged = [each for each in (*EVERY, *more) if not clients or each in clients]
    role = seen.get(Role, endpoint)
    if role is None or role.direct or not role.asked_by:
        return tuple(judged)
    return tuple(each for each in judged if each in role.asked_by)


def severity_of(seen: Observations, breaks: Sequence[str], endpoint: str = "") -> Severity:
    """``error`` where a client breaks through whose eyes the user looks, else ``info``.

    A fault of a mirror is a ``warning`` where the origin behind it answers, or another mirror
    serves: clients go on. A fault of an origin is an ``info`` where a mirror before it serves.
    """
    asked = seen.get(AskedClients, HOST)
    names = asked.names if asked else (OWN,)
    broken = [each for each in breaks if each in names]
    if not broken:
        return "info"
    role = seen.get(Role, endpoint)
    if role is None or (role.direct and role.kind == "mirror"):
        return "error"
    if role.kind == "mirror":
        passed = _origin_answers(seen, role) or _served_elsewhere(seen, endpoint, role, broken)
        return "warning" if passed else "error"
    needless = role.kind == "registry" and _served_elsewhere(seen, endpoint, role, broken)
    return "info" if needless else "error"


def _served_elsewhere(
    seen: Observations, endpoint: str, role: Role, clients: Sequence[str]
) -> bool:
    """Another endpoint of the same domain, which all of ``clients`` ask, gave every manifest asked
    for: this one is not needed."""
    asked = {name for name, _ in seen.named(ManifestLook, endpoint)}
    served = {
        name
        for where in seen.endpoints()
        if where != endpoint
        and (other := seen.get(Role, where)) is not None
        and other.kind in ("mirror", "registry")
        and (not other.asked_by or set(clients) <= set(other.asked_by))
        and set(other.domains) & set(role.domains)
        for name, look in seen.named(ManifestLook, where)
        if look.served
    }
    return bool(served) and asked <= served


def _origin_answers(seen: Observations, role: Role) -> bool:
    for where in seen.endpoints():
        other, ping = seen.get(Role, where), seen.get(Ping, where)
        if other is None or ping is None or other.kind != "registry":
            continue
        if set(other.domains) & set(role.domains) and ping.answer.status in (200, 401):
            return ping.verified or where.startswith("http://")
    return False


def policies_at(seen: Observations, endpoint: str) -> tuple[Policy, ...]:
    """What every client's files on this host say of the endpoint, in the role that it has."""
    files = seen.get(HostFiles, HOST) or HostFiles()
    role = seen.get(Role, endpoint)
    if role is None:
        return policies(files, subject_of(endpoint))
    domain = role.domains[0] if role.kind == "mirror" and role.domains else ""
    return policies(files, role.written, domain, realm=role.kind == "realm")


def contacted_as(seen: Observations, endpoint: str) -> str:
    """``the mirror of docker.io``, ``the token server of ...``; empty for a plain registry."""
    role = seen.get(Role, endpoint)
    if role is None or role.kind == "registry":
        return ""
    words = {"mirror": "mirror", "realm": "token server", "redirect": "redirect target"}
    return f"{words[role.kind]} of {', '.join(role.domains)}"


def name_of(certificate: CertificateFacts) -> str:
    """What a person calls the certificate."""
    return certificate.subject or certificate.common_name or "a certificate without a name"


def chain_evidence(
    facts: ChainFacts,
    fact: str,
    *,
    marks: dict[int, str] | None = None,
    missing: str = "",
) -> Evidence:
    """The chain as served. ``data.chain`` is a list of certificates, leaf first, each with
    ``mark`` (what is wrong with it); ``data.missing`` names what should follow the last."""
    chain: list[dict[str, Any]] = [
        {
            "subject": each.subject,
            "issuer": each.issuer,
            "not_before": day(each.not_before) if each.not_before else "",
            "not_after": day(each.not_after) if each.not_after else "",
            "sha256": each.fingerprint,
            "names": [*each.dns_names, *each.ip_addresses],
            "mark": (marks or {}).get(at, each.unparsed),
        }
        for at, each in enumerate(facts.certificates)
    ]
    return Evidence(fact, "tls", {"chain": chain, "missing": missing})


def go_evidence(verdicts: Sequence[TrustVerdict], about: Reason = "") -> Iterator[Evidence]:
    """Go's words, each text once, with the clients that would print it; and what in a client's
    own files makes it fail already.

    ``about``: of a client that stumbles over another fault first, the words are those that
    would come after it.
    """
    by_text: dict[tuple[str, str], list[TrustVerdict]] = {}
    for each in verdicts:
        if each.broken:
            yield Evidence(f"{each.client} fails before that: {each.broken}", "files")
        later = bool(about) and each.reason != about and each.beneath_reason == about
        text = each.beneath if later else each.error
        if text:
            when = "would say, once the other fault is mended" if later else "would say"
            by_text.setdefault((when, text), []).append(each)
    for (when, text), those in by_text.items():
        names = [each.client for each in those]
        yield Evidence(
            f"{listed(names)} {when}: {text}", "verify", {"clients": names, "error": text}
        )


def answer_evidence(answer: Answer, probe: str) -> Evidence:
    """A request and what came back; ``data`` holds status, headers and the body's beginning."""
    asked = f"{answer.method} {answer.url}"
    data: dict[str, Any] = {"method": answer.method, "url": answer.url, "status": answer.status}
    if not answer.status:
        return Evidence(f"{asked}: {answer.text}", probe, {**data, "fault": answer.fault})
    kind = answer.header("Content-Type")
    data |= {"headers": [list(pair) for pair in answer.headers], "body": answer.body[:500]}
    tail = f", {kind}" if kind else ""
    return Evidence(f"{asked} -> {answer.status}{tail}", probe, data)
