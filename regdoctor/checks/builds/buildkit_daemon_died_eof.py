"""The daemon went away in the middle of a build."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildkit-daemon-died-eof",
    "the daemon that builds went away in the middle: no answer of a registry",
    (
        "failed to receive status: rpc error: code = Unavailable",
        "error reading from server: EOF",
    ),
    question="did dockerd or buildkitd restart, panic or get killed while the build ran?",
    clients=("buildkit", "docker"),
)
