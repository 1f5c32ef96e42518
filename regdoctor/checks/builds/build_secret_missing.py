"""A secret that a step wants was not given."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "build-secret-missing",
    "a secret of the build was not given, or is not where it is looked for",
    (
        "failed to stat *: stat *: no such file or directory",
        "/run/secrets/*: No such file or directory",
        "failed to solve: secret *: not found",
    ),
    question="is every id that RUN --mount=type=secret names given with --secret, from a "
    "file or variable that exists?",
    clients=("buildkit", "docker"),
)
