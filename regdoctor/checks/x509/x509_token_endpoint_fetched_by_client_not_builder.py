"""buildkitd trusts the registry; the client that fetches the token does not trust its server."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import chain_evidence, go_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import culprit_evidence
from regdoctor.checks.x509.token_fetchers import CLIENT, fetched_elsewhere
from regdoctor.clients.domains import BUILDKITD as CONFIG
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import ChainFacts, ChainVerdicts


class TokenFetchedByClient(Check):
    """Two stores in one build: buildkitd's for the registry, the client's for the token."""

    code = "x509-token-endpoint-fetched-by-client-not-builder"
    summary = "the token server's CA is given to buildkitd, but the client fetches the token"
    needs = (ServedChain,)
    question = "does the host of the command line trust the token server?"
    probe = "tls"
    texts = (
        "failed to fetch anonymous token: * x509: certificate signed by unknown authority",
        "failed to fetch oauth token: * x509: certificate signed by unknown authority",
    )
    clients = ("buildkit",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            registry = fetched_elsewhere(seen, endpoint)
            facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
            if not registry or facts is None or verdicts is None:
                continue
            subject, breaks = subject_of(endpoint), (CLIENT,)
            top = facts.certificates[facts.topmost]
            yield Finding(
                code=self.code,
                title=f"buildkitd trusts {subject_of(registry)}, but the program that starts the "
                f"build fetches the token from {subject}, and this host does not trust "
                f"{top.subject if top.self_signed else top.issuer}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    chain_evidence(facts, "the token server's chain is not trusted here"),
                    culprit_evidence(top, "this host's pool has no authority for it"),
                    Evidence(
                        f"{CONFIG} has an authority for {subject_of(registry)}, which the client "
                        "does not read",
                        "files",
                        {"file": CONFIG},
                    ),
                    *go_evidence([v for v in verdicts.verdicts if v.client == CLIENT]),
                ),
                breaks=breaks,
            )


CHECK = TokenFetchedByClient()
