"""The runtime gave up on a pull."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "kubelet-pull-deadline-or-no-progress",
    "the runtime gave up on the pull: too long as a whole, or no byte for too long",
    (
        "rpc error: code = Unknown desc = context deadline exceeded",
        "failed to pull and unpack image *: context canceled",
    ),
    question="is the time until the failure always the same (a deadline), or the time since "
    "the last byte (a stall)?",
    clients=("kubernetes", "containerd"),
)
