"""An Artifactory whose /v2/ is not where clients look for it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.products.known import known_product, product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.fingerprints import ProductAnswer
from regdoctor.observations.http import Ping
from regdoctor.observations.store import Observations


class ArtifactoryPath(Check):
    """The proxy before it does not rewrite /v2/ to /artifactory/api/docker/REPOSITORY/v2/."""

    code = "artifactory-docker-path-method"
    summary = "an Artifactory answers here, and its proxy does not lead /v2/ to a docker repository"
    needs = (Ping,)
    question = "does GET /artifactory/api/system/ping answer where GET /v2/ is a 404 page?"
    probe = "product"
    supersedes = ("registry-unexpected-answer",)
    texts = (
        "Login did not succeed* /v2/: error parsing HTTP 404 response body: invalid character '<'",
    )
    products = ("artifactory",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            ping, page = seen.get(Ping, endpoint), seen.get(ProductAnswer, endpoint)
            if ping is None or ping.answer.status != 404:
                continue
            product = known_product(seen, endpoint)
            alive = page is not None and page.alive and page.product == "artifactory"
            if not alive and (product is None or product.name != "artifactory"):
                continue
            breaks, subject = asking(seen, endpoint), subject_of(endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject} is an Artifactory, and no docker repository answers at /v2/ "
                "there (404)",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    answer_evidence(ping.answer, "ping"),
                    *((answer_evidence(page.answer, "product"),) if alive and page else ()),
                    *product_evidence(seen, endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = ArtifactoryPath()
