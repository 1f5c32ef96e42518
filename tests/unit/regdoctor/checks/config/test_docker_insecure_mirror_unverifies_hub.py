"""docker-insecure-mirror-unverifies-hub."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "docker-insecure-mirror-unverifies-hub"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/docker/daemon.json": (
                    b'{"registry-mirrors": ["https://registry.example:5000"], '
                    b'"insecure-registries": ["registry.example:5000"]}'
                ),
            },
            "docker",
            failing=False,
            domain="docker.io",
            role="mirror",
        )
    )[CODE]
    assert finding.severity == "warning"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://registry.example:5000"]}',
            },
            "docker",
            failing=False,
            domain="docker.io",
            role="mirror",
        )
    )
