"""docker-mirror-uses-origin-certsd-not-mirror-certsd."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

CODE = "docker-mirror-uses-origin-certsd-not-mirror-certsd"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://registry.example:5000"]}',
                "/etc/docker/certs.d/registry.example:5000/ca.crt": ROOT,
            },
            "docker",
            failing=True,
            domain="docker.io",
            role="mirror",
        )
    )[CODE]
    assert finding.severity == "error"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://registry.example:5000"]}',
                "/etc/docker/certs.d/docker.io/ca.crt": ROOT,
            },
            "docker",
            failing=False,
            domain="docker.io",
            role="mirror",
        )
    )
