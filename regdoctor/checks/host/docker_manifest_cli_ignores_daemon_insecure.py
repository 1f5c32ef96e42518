"""``docker manifest`` reads no setting of the daemon."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "docker-manifest-cli-ignores-daemon-insecure",
    "`docker manifest` asks the registry itself: no setting of the daemon counts, and it "
    "must read certs.d",
    (
        "open /etc/docker/certs.d/*: permission denied",
        "failed to configure transport: unsupported registry version",
    ),
    question="was the command `docker manifest`, and does `docker pull` of the same image succeed?",
    clients=("docker",),
)
