"""ADD of a URL knows the system's pool alone."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "podman-build-add-https-ignores-certsd",
    "ADD of an https URL is judged by the system's roots; certs.d of podman does not count for it",
    ('building at STEP "ADD https://*x509:',),
    question="does the system's pool of the host have the authority of that URL?",
    clients=("podman",),
)
