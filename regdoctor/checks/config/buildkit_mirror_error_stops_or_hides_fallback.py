"""Of several hosts one error is shown, and it need not be the telling one."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildkit-mirror-error-stops-or-hides-fallback",
    ("the error of one host hides that of another: a mirror's, or that of the registry behind it"),
    (("failed to create LLB definition: unexpected status code [manifests *]: 403"),),
    question="what does each configured host answer by itself?",
    confidence="possible",
    clients=(
        "buildkit",
        "containerd",
        "docker",
    ),
    symptoms=("not found for an image that is there, with a mirror configured",),
)
