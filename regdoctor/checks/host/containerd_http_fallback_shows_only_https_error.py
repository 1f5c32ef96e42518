"""containerd shows the last host's error, and hides the first's."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "containerd-http-fallback-shows-only-https-error",
    "containerd shows the error of the last host that it tried; the mirror before it failed "
    "otherwise",
    (
        (
            'failed to resolve reference *Head "https://*http: server gave HTTP response to '
            "HTTPS client"
        ),
    ),
    question="what does the http host of hosts.toml answer for this image?",
    confidence="possible",
    clients=("containerd", "kubernetes", "k3s"),
)
