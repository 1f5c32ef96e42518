"""The challenge sends clients to a token server that they cannot reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from regdoctor.checks.judging import (
    answer_evidence,
    asking,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Challenge, TokenAnswer
from regdoctor.observations.network import Connection, Resolution
from regdoctor.observations.store import Observations

_PORTS = {"http": 80, "https": 443}
_METADATA = ("fd00:ec2::254", "100.100.100.200")
_METADATA_NAMES = ("metadata", "metadata.google.internal", "instance-data")
_WORDS = {
    "dns": "does not resolve",
    "connect": "takes no connection",
    "tls": "fails in the TLS handshake",
}


class TokenRealmWrongPortOrHost(Check):
    """Compares the realm's address with the registry's, which usually shows the mistake."""

    code = "token-realm-wrong-port-or-host"
    summary = "the token server that the registry names cannot be reached"
    needs = (Challenge,)
    question = "can the realm of the challenge be reached from here?"
    probe = "token"
    supersedes = ("dns-lookup-failure", "tcp-connect-failure")
    texts = (
        "failed to fetch anonymous token",
        "failed to fetch oauth token",
        "failed to authorize",
        '/v2/": Get "https://*/service/token',
        "/v2/: Get https://*/service/token",
    )
    products = (
        "nexus",
        "harbor",
        "gitea",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            challenge = seen.get(Challenge, endpoint)
            if challenge is None or challenge.scheme != "bearer":
                continue
            # Without a host it stands below the registry to us, and is no URL to others.
            relative = challenge.realm.startswith("/") and not challenge.realm.startswith("//")
            fault = _malformed(challenge.realm) or _unreached(seen, endpoint, challenge.realm)
            if not fault:
                continue
            breaks = asking(seen, endpoint)
            if relative:
                breaks = tuple(each for each in breaks if each != OWN)
            realm = realm_endpoint(challenge.realm)
            evidence = [
                Evidence(
                    f"{subject_of(endpoint)} names the realm {challenge.realm!r}",
                    "ping",
                    {"realm": challenge.realm, "service": challenge.service},
                )
            ]
            if realm and realm != endpoint:
                evidence.append(
                    Evidence(f"the registry itself answers as {endpoint}", "ping", {"realm": realm})
                )
            for _, token in seen.named(TokenAnswer, endpoint):
                if not token.answer.status:
                    evidence.append(answer_evidence(token.answer, "token"))
                    break
            # The subject is the realm where it has an address of its own: findings about
            # that address are explained by this one.
            yield Finding(
                code=self.code,
                title=f"{subject_of(endpoint)} sends clients for a token to "
                f"{challenge.realm or 'an empty realm'}, which {fault}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject_of(realm or endpoint),
                evidence=tuple(evidence),
                breaks=breaks,
            )


def realm_endpoint(realm: str) -> str:
    """``scheme://host[:port]`` of a realm; empty where it is no http(s) URL of one host."""
    try:
        parts = urlsplit(realm)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname or "," in parts.netloc:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (
        f":{port}" if port not in (None, _PORTS[parts.scheme]) else ""
    )


def _malformed(realm: str) -> str:
    if not realm.lower().startswith(("http://", "https://")):
        return "is no http or https URL"
    authority = realm.partition("://")[2].partition("/")[0].partition("?")[0]
    name = authority.rpartition("@")[2]
    if "," in name:
        return "names two hosts (a proxy's X-Forwarded-Host was joined)"
    if not name.startswith("[") and name.count(":") > 1:
        return "names two ports (X-Forwarded-Host and X-Forwarded-Port were joined)"
    if not realm_endpoint(realm):
        return "is no http or https URL"
    if "@" in authority:
        return "carries a login of its own"
    return "is a link-local or metadata address" if _metadata(realm) else ""


def _metadata(realm: str) -> bool:
    """Where clouds keep secrets: nobody may be sent there, so nothing is asked for there."""
    host = (urlsplit(realm).hostname or "").rstrip(".")
    if host in _METADATA_NAMES:
        return True
    try:
        # Resolvers read an address that is written as one number as well.
        address = ipaddress.ip_address(int(host) if host.isdecimal() else host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_link_local or str(address) in _METADATA


def _unreached(seen: Observations, endpoint: str, realm: str) -> str:
    where = realm_endpoint(realm)
    lookup, connection = seen.get(Resolution, where), seen.get(Connection, where)
    if where != endpoint:
        if lookup is not None and lookup.fault and not (connection and connection.via):
            return _WORDS["dns"]
        if connection is not None and connection.attempts and not connection.reached:
            return _WORDS["connect"]
    answers = [each.answer for _, each in seen.named(TokenAnswer, endpoint)]
    for answer in answers:
        # A refused certificate has its own finding, about the realm's chain.
        if answer.fault in ("dns", "connect"):
            return _WORDS[answer.fault]
        if answer.status == 404:
            return "answers 404 Not Found"
    return ""


CHECK = TokenRealmWrongPortOrHost()
