"""Artifact Registry's two refusals: nobody was logged in, or somebody without the right."""

from __future__ import annotations

from regdoctor.checks.auth.refusals import Refusal
from regdoctor.checks.auth.worded import Worded


def _verdict(refusal: Refusal) -> str:
    if "unauthenticated request" in refusal.answer.body.lower():
        return (
            "is refused because no login came: the helper is not configured for exactly this "
            "regional host, or not for this user"
        )
    return (
        "is refused to the account that was sent: it lacks the role, or project, location or "
        "repository is misspelt"
    )


CHECK = Worded(
    "gar-permission-denied-or-unauthenticated",
    "Google Artifact Registry refuses: no login was sent, or its account lacks the role",
    (
        'denied: Permission "artifactregistry.repositories.* denied on resource',
        "Unauthenticated requests do not have permission *artifactregistry.",
    ),
    _verdict,
    question="was a login sent, and has its account the role?",
    products=("gar",),
)
