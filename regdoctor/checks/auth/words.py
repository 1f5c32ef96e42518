"""Words in a registry's refusal that leave one cause only, by the code that names it."""

from __future__ import annotations

from regdoctor.checks.printed import stands_in
from regdoctor.observations.http import Answer

WORDS: dict[str, tuple[str, ...]] = {
    "acr-firewall-ip-denied": ("client with IP * is not allowed access",),
    "ecr-repository-does-not-exist": (
        "The repository with name * does not exist in the registry with id",
    ),
    "ecr-token-expired-12h": ("Your authorization token has expired",),
    "gar-permission-denied-or-unauthenticated": (
        "Unauthenticated request* artifactregistry.repositories.",
        "Permission * artifactregistry.repositories.* denied on resource",
    ),
    "gcr-io-shut-down": ("Container Registry is deprecated and shutting down",),
    "gitea-reqpackageaccess-pat-or-proxy": ("reqPackageAccess",),
}


def telling(answer: Answer) -> str:
    """The code whose words stand in the body of a refusal; empty where none do."""
    if answer.status < 400:
        return ""
    body = answer.body.replace("\\u0027", "'").replace("\n", " ")
    return next(
        (code for code, texts in WORDS.items() if any(stands_in(text, body) for text in texts)),
        "",
    )
