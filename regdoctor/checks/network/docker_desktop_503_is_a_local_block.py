"""Docker Desktop's own proxy answers 503 for a connection that this machine blocked."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "docker-desktop-503-is-a-local-block",
    "Docker Desktop answers 503 for a connection that a firewall on this machine blocked",
    (
        'https://*": Service Unavailable',
        "https://*/v2/: Service Unavailable",
    ),
    question="does the same host answer 503 outside of Docker Desktop, with a Server header?",
    confidence="possible",
    clients=("docker-desktop",),
    products=("docker-hub",),
    symptoms=("Docker Desktop reports 503 while the registry answers a browser on that machine",),
)
