"""registry-mirrors-only-apply-to-docker-io."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "registry-mirrors-only-apply-to-docker-io"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://m.example"]}',
            },
            "docker",
            failing=True,
        )
    )[CODE]
    assert finding.severity == "info"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://m.example"]}',
            },
            "docker",
            failing=False,
        )
    )
