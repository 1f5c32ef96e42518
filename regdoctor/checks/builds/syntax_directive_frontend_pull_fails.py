"""The image that ``# syntax=`` names cannot be had."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "syntax-directive-frontend-pull-fails",
    "the frontend image that the first line of the Dockerfile names cannot be pulled",
    (
        "ERROR resolve image config for *docker/dockerfile",
        "failed to do request: Head *docker/dockerfile/manifests/",
        "failed to resolve source metadata for *docker/dockerfile:",
    ),
    question="does the build pass without the line # syntax=?",
    clients=("buildkit", "docker"),
    products=("docker-hub",),
)
