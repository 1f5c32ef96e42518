"""buildx pushes an index with an attestation, and the registry takes none."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "oci-index-attestation-rejected-by-registry",
    "an old registry refuses the index with attestations that buildx pushes",
    (
        'failed to push * failed commit on ref "manifest-sha256* unexpected status: 400',
        'failed to push * failed commit on ref "index-sha256* unexpected status:',
        'msg="unexpected response" body=* MANIFEST_INVALID',
    ),
    question="does the registry take the same push with --provenance=false?",
    clients=("buildkit",),
    products=("artifactory", "gitea", "gitlab", "harbor", "nexus"),
)
