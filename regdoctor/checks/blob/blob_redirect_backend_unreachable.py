"""The registry answers, and the storage that it sends clients to cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.blob.storages import redirected
from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import BlobLook
from regdoctor.observations.store import Observations

_WAYS = {"dns": "has no address here", "connect": "takes no connection from here"}


class StorageUnreachable(Check):
    """Manifests work and layers fail: an inner name, a firewall, an allow-list without it."""

    code = "blob-redirect-backend-unreachable"
    summary = "the registry redirects blobs to a storage that cannot be reached from here"
    needs = (BlobLook,)
    question = "to which host are blobs redirected, and can it be reached?"
    probe = "blob"
    supersedes = ("dns-lookup-failure", "tcp-connect-failure")
    texts = (
        "error pulling image configuration: download failed after attempts=* dial tcp",
        "error pulling image configuration: * dial tcp: lookup *: no such host",
    )
    products = ("distribution", "docker-hub", "ecr", "gitlab", "harbor")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in redirected(seen):
            how = _WAYS.get(each.answer.fault)
            if how is None:
                continue
            breaks = asking(seen, each.endpoint)
            storage = subject_of(each.storage)
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.endpoint)} keeps its blobs at {storage}, which {how}",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=storage,
                evidence=(
                    each.evidence,
                    answer_evidence(each.answer, "blob"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


CHECK = StorageUnreachable()
