"""The kubelet pulled without the login that was meant for the image."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "k8s-image-pull-secret-wrong-namespace-or-missing",
    "the kubelet pulled without a login that fits: the pull secret is missing, elsewhere, or keyed "
    "by another host",
    (
        "Failed to pull image *pulling from host * failed with status code [manifests *]: 401",
        "Failed to pull image *authorization failed: no basic auth credentials",
    ),
    question="is the pull secret in the pod's namespace, and keyed by the image's host?",
    clients=("kubernetes",),
    supersedes=("containerd-auth-no-basic-auth-credentials-config",),
)
