"""docker-build-mirror-differs."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "docker-build-mirror-differs"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/docker/daemon.json": (
                    b'{"registry-mirrors": ["https://registry.example:5000/proxy"]}'
                ),
            },
            "docker",
            failing=True,
            domain="docker.io",
            role="mirror",
            versions={"docker": "26.1.5"},
            judged_by={"buildkit": "docker-build"},
        )
    )[CODE]
    assert finding.severity == "info"
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
            versions={"docker": "26.1.5"},
        )
    )
