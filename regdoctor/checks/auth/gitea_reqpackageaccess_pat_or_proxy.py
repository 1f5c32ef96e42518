"""Gitea knows who asks, or thinks that nobody does, and gives no right to the package."""

from __future__ import annotations

from regdoctor.checks.auth.refusals import Refusal
from regdoctor.checks.auth.worded import Worded


def _verdict(refusal: Refusal) -> str:
    if not refusal.sent:
        return "is refused by Gitea to clients without a login: the package or its owner is private"
    return (
        "is refused by Gitea in spite of the login: the token lacks the package scope, the owner "
        "is somebody else's, or a proxy drops the Authorization header"
    )


CHECK = Worded(
    "gitea-reqpackageaccess-pat-or-proxy",
    "Gitea gives no right to the package: the token's scope, the owner, or a proxy before it",
    ("unauthorized: reqPackageAccess",),
    _verdict,
    question="does the token have the package scope for that owner?",
    products=("gitea", "proxy"),
)
