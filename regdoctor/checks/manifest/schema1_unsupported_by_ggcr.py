"""crane, ko and kaniko never read schema 1."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "schema1-unsupported-by-ggcr",
    "the image is of schema 1, which go-containerregistry never supported",
    ('unsupported MediaType: "application/vnd.docker.distribution.manifest.v1+',),
    question="is the Content-Type of the manifest that of schema 1?",
    confidence="certain",
    clients=("crane", "kaniko"),
)
