"""The challenge sends clients to a token server that they cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    answer_evidence,
    severity_of,
    subject_of,
)
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Challenge, TokenAnswer
from regdoctor.observations.network import Connection, Resolution
from regdoctor.observations.store import Observations

_WORDS = {
    "dns": "does not resolve",
    "connect": "takes no connection",
    "tls": "fails in the TLS handshake",
}


class TokenRealmWrongPortOrHost:
    """Compares the realm's address with the registry's, which usually shows the mistake."""

    code = "token-realm-wrong-port-or-host"
    summary = "the token server that the registry names cannot be reached"
    needs: tuple[type, ...] = (Challenge,)
    question = "can the realm of the challenge be reached from here?"
    probe = "token"
    supersedes: tuple[str, ...] = ("dns-lookup-failure", "tcp-connect-failure")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            challenge = seen.get(Challenge, endpoint)
            if challenge is None or challenge.scheme != "bearer":
                continue
            fault = _malformed(challenge.realm) or _unreached(seen, endpoint, challenge.realm)
            if not fault:
                continue
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
                severity=severity_of(seen, EVERY),
                confidence="certain",
                subject=subject_of(realm or endpoint),
                evidence=tuple(evidence),
                breaks=EVERY,
            )


def realm_endpoint(realm: str) -> str:
    """``scheme://host[:port]`` of a realm; empty where it is no URL."""
    scheme, mark, rest = realm.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    default = {"https": ":443", "http": ":80"}.get(scheme, "-")
    return f"{scheme}://{authority.removesuffix(default)}" if mark and authority else ""


def _malformed(realm: str) -> str:
    where = realm_endpoint(realm)
    if not where.startswith(("http://", "https://")):
        return "is no http or https URL"
    host = where.partition("://")[2]
    if "," in host:
        return "names two hosts (a proxy's X-Forwarded-Host was joined)"
    if not host.startswith("[") and host.count(":") > 1:
        return "names two ports (X-Forwarded-Host and X-Forwarded-Port were joined)"
    return ""


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
