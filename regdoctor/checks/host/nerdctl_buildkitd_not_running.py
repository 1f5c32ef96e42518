"""nerdctl finds no buildkitd to build with."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "nerdctl-buildkitd-not-running",
    "nerdctl and buildctl find no buildkitd that answers",
    (
        "needs to be installed and * needs to be running, see https://github.com/moby/buildkit",
        "no buildkit host is available, tried",
    ),
    question="does buildkitd run, and is its socket one of those that were tried?",
    confidence="certain",
    clients=("nerdctl", "containerd"),
)
