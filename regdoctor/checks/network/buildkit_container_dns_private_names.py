"""A name that this host knows and a build container does not."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "buildkit-container-dns-private-names",
    "a private name is looked up inside a build container, whose resolver does not know it",
    (
        "wget: bad address '*'",
        "lookup * on 8.8.8.8:53: no such host",
        "lookup * on 8.8.4.4:53: no such host",
    ),
    question="does the name resolve on the host, and not inside the builder?",
    clients=("buildkit",),
)
