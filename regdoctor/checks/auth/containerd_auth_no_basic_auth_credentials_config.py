"""containerd was asked to pull from a registry with Basic login, and had none."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "containerd-auth-no-basic-auth-credentials-config",
    "containerd had no login for the registry: none was passed to it, or its key does not match",
    ("authorization failed: no basic auth credentials",),
    question="which login did containerd get, and for which host?",
    confidence="certain",
    clients=("containerd", "kubernetes", "nerdctl", "k3s"),
)
