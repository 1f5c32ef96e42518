"""The first pull of an image through ECR's cache: a right, or a way out, is missing."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "ecr-pull-through-cache-first-pull",
    "the first pull through ECR's cache fails: it needs rights of its own, and a way to the origin",
    (
        '.dkr.ecr.*.amazonaws.com/*Get "https://production.cloudflare.docker.com/',
        "authentication to the upstream registry failed",
    ),
    question="may the caller import images, and can the node reach the origin's storage?",
    clients=("docker", "containerd", "kubernetes", "kaniko"),
    products=("ecr",),
    symptoms=("an image of ECR's cache can be pulled only after somebody else has pulled it",),
)
