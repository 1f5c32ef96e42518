"""Gitea names its token server by ROOT_URL, and that is not where clients reach it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regdoctor.checks.auth.token_realm_wrong_port_or_host import CHECK as REALM
from regdoctor.checks.auth.token_realm_wrong_port_or_host import realm_endpoint
from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Challenge
from regdoctor.observations.store import Observations


class GiteaRealm(Check):
    """A realm that cannot be reached, of a registry that calls itself ``container_registry``."""

    code = "gitea-realm-internal-or-root-url"
    summary = "Gitea sends clients for a token to an address of its own that they cannot reach"
    needs = (Challenge,)
    question = "does Gitea's ROOT_URL name the address that clients use?"
    probe = "token"
    supersedes = ("token-realm-wrong-port-or-host", "dns-lookup-failure", "tcp-connect-failure")
    texts = (
        '/v2/": Get "http*/v2/token?*service=container_registry": dial tcp: lookup',
        "error parsing HTTP 404 response body: invalid character 'N' * \"Not found.",
    )
    products = ("gitea",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        gitea = {
            subject_of(realm_endpoint(challenge.realm) or endpoint): challenge
            for endpoint in seen.endpoints()
            if (challenge := seen.get(Challenge, endpoint)) is not None
            and challenge.service == "container_registry"
        }
        for each in REALM.findings(seen):
            if not isinstance(each, Finding) or each.subject not in gitea:
                continue
            fact = "the service container_registry is Gitea's, which builds the realm from ROOT_URL"
            evidence = (*each.evidence, Evidence(fact, "ping"))
            yield replace(each, code=self.code, title=f"{each.title} (Gitea)", evidence=evidence)


CHECK = GiteaRealm()
