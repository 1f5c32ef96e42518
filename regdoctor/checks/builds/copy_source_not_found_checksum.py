"""A source of COPY or ADD is not in the context."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "copy-source-not-found-checksum",
    "what COPY or ADD names is not in the build context, or not in the image that it is taken from",
    ('failed to calculate checksum of ref *: "*": not found',),
    question="is the path in the context, after .dockerignore has been applied?",
    confidence="certain",
    clients=("buildkit", "docker"),
)
