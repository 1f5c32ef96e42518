"""A builder asks over https what the daemon was told to ask in the clear."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildkit-1809-ignored-insecure-registries",
    "the builder asks over https: it does not see insecure-registries and mirrors of daemon.json",
    (
        "failed to do request: Head https://*:80/v2/",
        'failed to do request: Head "https://*:80/v2/',
    ),
    question="does `docker pull` of the same image succeed, and is the builder an engine of "
    "18.09 or one in a container?",
    confidence="possible",
    clients=("buildkit", "docker"),
)
