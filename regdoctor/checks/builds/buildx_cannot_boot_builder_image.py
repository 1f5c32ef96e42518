"""buildx cannot start a builder for want of its image."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildx-cannot-boot-builder-image",
    "buildx cannot start its builder: the image moby/buildkit cannot be had",
    (
        "No such image: moby/buildkit:",
        "CANCELED * booting buildkit",
        "ERROR * booting buildkit",
    ),
    question="does `docker pull moby/buildkit:buildx-stable-1` succeed by itself?",
    clients=("buildkit", "docker"),
    products=("docker-hub",),
)
