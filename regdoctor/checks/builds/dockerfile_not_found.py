"""The build finds no Dockerfile."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "dockerfile-not-found",
    "there is no Dockerfile where the build looks for it",
    (
        "failed to read dockerfile: open *: no such file or directory",
        "unable to evaluate symlinks in Dockerfile path",
    ),
    question="is there a file of exactly that name at the path that -f or the context gives?",
    confidence="certain",
    clients=("buildkit", "docker"),
)
