"""A step runs a program of another architecture."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "multiarch-exec-format-error",
    "a step runs a program of another architecture, and nothing on the host emulates it",
    ("exec format error",),
    question="is the architecture of the base image that of the host, and if not, is an "
    "emulator registered?",
    clients=("buildkit", "docker", "podman", "kaniko"),
)
