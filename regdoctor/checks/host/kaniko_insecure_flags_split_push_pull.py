"""kaniko has TLS flags of its own for each direction."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "kaniko-insecure-flags-split-push-pull",
    "kaniko's flags for TLS are for one direction each: pull, push or mirror",
    (
        "error checking push permissions --*x509:",
        "Failed to retrieve image * from registry mirror *x509:",
    ),
    question="which direction failed: the check of push permissions, the base image, or a mirror?",
    clients=("kaniko",),
)
