"""The second error of a push hides the first."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "manifest-invalid-after-schema1-fallback",
    "the registry refused the manifest, and the engine tried schema 1 after it",
    (
        "failed to upload schema2 manifest: manifest invalid",
        "registry v2 schema1 support will be removed * manifest invalid",
    ),
    question="which error does a push of the same manifest give without the fallback?",
    clients=("docker",),
    products=("distribution", "quay"),
)
