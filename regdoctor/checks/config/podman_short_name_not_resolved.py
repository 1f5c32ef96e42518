"""podman does not assume Docker Hub."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "podman-short-name-not-resolved",
    ("a name without a registry has no alias, and no registry is configured for such names"),
    (
        "did not resolve to an alias and no unqualified-search registries are defined",
        "short-name resolution enforced but cannot prompt without a TTY",
    ),
    question="does the reference name its registry?",
    confidence="certain",
    clients=("podman",),
)
