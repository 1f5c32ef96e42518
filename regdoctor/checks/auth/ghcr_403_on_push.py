"""GitHub's registry knows the token and does not let it push this package."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "ghcr-403-on-push",
    "GitHub's registry refuses the push: the package does not let this workflow or token write",
    (
        "unexpected status from POST request to https://ghcr.io/v2/*/blobs/uploads/: 403",
        "denied: installation not allowed to Create organization package",
        "failed to read from destination repository *: 403 (Forbidden)",
    ),
    question="may this workflow or token write to the package?",
    clients=("docker", "buildkit", "podman"),
    products=("ghcr",),
)
