"""ctr asks for what is written, without library/."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "ctr-needs-full-reference-with-library",
    "ctr asks for exactly the name that is written: images of Docker Hub need library/",
    (
        (
            "pull access denied, repository does not exist or may require authorization: server "
            "message: insufficient_scope"
        ),
        "INFO[*] HEAD /v2/*/manifests/",
    ),
    question="is the reference docker.io/NAME with a single part, where "
    "docker.io/library/NAME exists?",
    confidence="possible",
    clients=("containerd",),
    products=("docker-hub",),
)
