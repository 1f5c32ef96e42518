"""A token server by a private address, or in the clear, which some clients refuse to ask."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from regdoctor.checks.auth.token_realm_wrong_port_or_host import realm_endpoint
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Challenge
from regdoctor.observations.network import Connection, Resolution
from regdoctor.observations.store import Observations


class RealmRejected(Check):
    """A note: the clients judged here go there; go-containerregistry 0.21.6 and later do not."""

    code = "token-realm-rejected-private-address"
    summary = "the token server is named by a private address or by http, which crane refuses"
    needs = (Challenge,)
    question = "by which scheme and host does the registry name its token server?"
    probe = "ping"
    texts = (
        "invalid realm in www-authenticate: realm host * is a private or link-local address",
        "invalid realm in www-authenticate: realm scheme * not allowed for a secure registry",
    )
    clients = ("crane", "kaniko")
    products = ("harbor", "nexus")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            challenge = seen.get(Challenge, endpoint)
            if challenge is None or challenge.scheme != "bearer":
                continue
            realm = realm_endpoint(challenge.realm)
            if not realm or _same_server(realm, endpoint) or _unreached(seen, realm):
                continue  # where nobody can go there, that is the finding
            why = _why(realm, endpoint)
            if not why:
                continue
            subject, breaks = subject_of(endpoint), ("crane", "kaniko")
            yield Finding(
                code=self.code,
                title=f"{subject} sends clients for a token to {challenge.realm}, which {why}: "
                "crane, ko and kaniko refuse to go there",
                severity=severity_of(seen, breaks, endpoint),
                confidence="likely",
                subject=subject,
                evidence=(
                    Evidence(
                        f"{subject} names the realm {challenge.realm!r}",
                        "ping",
                        {"realm": challenge.realm},
                    ),
                ),
                breaks=breaks,
            )


def _why(realm: str, endpoint: str) -> str:
    if endpoint.startswith("https://") and realm.startswith("http://"):
        return "is in the clear, while the registry is not"
    try:
        address = ipaddress.ip_address(urlsplit(realm).hostname or "")
    except ValueError:
        return ""
    inward = address.is_private or address.is_loopback or address.is_link_local
    return "is a private address" if inward else ""


def _same_server(realm: str, endpoint: str) -> bool:
    """The same host and port, and not in the clear where the registry is in TLS."""
    weaker = endpoint.startswith("https://") and realm.startswith("http://")
    return subject_of(realm) == subject_of(endpoint) and not weaker


def _unreached(seen: Observations, realm: str) -> bool:
    lookup, connection = seen.get(Resolution, realm), seen.get(Connection, realm)
    failed = connection is not None and bool(connection.attempts) and not connection.reached
    return failed or (lookup is not None and bool(lookup.fault))


CHECK = RealmRejected()
