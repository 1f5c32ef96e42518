"""The docker driver cannot do what was asked for."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "docker-driver-lacks-multiplatform-or-cache-export",
    "the docker driver with the classic image store builds for one platform and exports no cache",
    (
        "is not supported for the docker driver",
        "feature is currently not supported for docker driver",
    ),
    question="does `docker info` name a containerd snapshotter as storage driver?",
    confidence="certain",
    clients=("buildkit", "docker"),
)
