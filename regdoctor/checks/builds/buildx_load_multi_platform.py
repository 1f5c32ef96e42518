"""Several platforms cannot be loaded into the classic store."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildx-load-multi-platform",
    "several platforms, or an attestation, cannot be loaded into the engine's classic image store",
    ("docker exporter does not currently support exporting manifest lists",),
    question="is more than one --platform given together with --load?",
    confidence="certain",
    clients=("buildkit", "docker"),
)
