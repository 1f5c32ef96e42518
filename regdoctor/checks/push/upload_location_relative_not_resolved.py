"""A client that takes a relative Location for a whole URL."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "upload-location-relative-not-resolved",
    "the client does not resolve the relative address that the registry gives for an upload",
    (
        "Invalid URL '/v2/*blobs/upload*': No schema supplied",
        "Invalid URL '/v2/*blobs/upload*': No scheme supplied",
        'unsupported protocol scheme "" * /blobs/uploads/',
    ),
    question="does another client (crane, skopeo) push to the same repository?",
    confidence="certain",
    clients=(),
    products=("ghcr", "distribution", "nexus"),
)
