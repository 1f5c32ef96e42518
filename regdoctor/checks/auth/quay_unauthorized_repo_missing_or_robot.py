"""Quay answers a push with 401: no such repository, or a robot without the right to write."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "quay-unauthorized-repo-missing-or-robot",
    "Quay refuses the push: the repository is missing, or the robot may not write to it",
    (
        "unexpected status from HEAD request to https://quay.io/v2/*/blobs/*: 401 UNAUTHORIZED",
        "unexpected status from POST request to https://quay.io/v2/*/blobs/uploads/: 401",
    ),
    question="does the repository exist, and may the robot write to it?",
    products=("quay",),
)
