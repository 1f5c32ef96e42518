"""The registry's certificate is right, and that of its storage is not."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.blob.storages import redirected
from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509 import (
    x509_chain_rejected,
    x509_expired_certificate,
    x509_hostname_mismatch,
    x509_legacy_common_name,
    x509_missing_intermediate,
    x509_no_ip_sans,
    x509_self_signed_leaf,
    x509_unknown_authority_private_root,
)
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import BlobLook
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain

_CHAINS = (
    x509_expired_certificate.CHECK,
    x509_hostname_mismatch.CHECK,
    x509_legacy_common_name.CHECK,
    x509_no_ip_sans.CHECK,
    x509_missing_intermediate.CHECK,
    x509_self_signed_leaf.CHECK,
    x509_unknown_authority_private_root.CHECK,
    x509_chain_rejected.CHECK,
)
"""What can be wrong with a chain, the telling ones first."""


class StorageUntrusted(Check):
    """As the same fault of a registry, at an address that no configuration names."""

    code = "blob-redirect-backend-tls-untrusted-or-expired"
    summary = "the registry redirects blobs to a storage whose certificate is refused"
    needs = (BlobLook, ServedChain)
    question = "to which host are blobs redirected, and is its certificate trusted?"
    probe = "blob"
    supersedes = tuple(check.code for check in _CHAINS)
    texts = (
        "error pulling image configuration: * x509: certificate has expired or is not yet valid",
        "error pulling image configuration: * x509: certificate signed by unknown authority",
    )
    products = ("distribution", "harbor", "quay")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in redirected(seen):
            subject = subject_of(each.storage)
            if each.answer.fault != "certificate" and each.answer.status:
                continue
            for check in _CHAINS:
                found = [
                    finding
                    for finding in check.findings(seen)
                    if isinstance(finding, Finding) and finding.subject == subject
                ]
                for finding in found[:1]:
                    cause = Evidence(f"the fault is {check.code}", "tls", {"cause": check.code})
                    yield Finding(
                        code=self.code,
                        title=f"{subject_of(each.endpoint)} keeps its blobs elsewhere: "
                        f"{finding.title}",
                        severity=finding.severity,
                        confidence=finding.confidence,
                        subject=subject,
                        evidence=(each.evidence, *finding.evidence, cause),
                        breaks=finding.breaks,
                    )
                if found:
                    break


CHECK = StorageUntrusted()
