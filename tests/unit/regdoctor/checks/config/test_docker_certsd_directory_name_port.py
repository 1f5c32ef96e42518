"""docker-certsd-directory-name-port."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

CODE = "docker-certsd-directory-name-port"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/containers/certs.d/registry.example/ca.crt": ROOT,
            },
            "podman",
            failing=True,
        )
    )[CODE]
    assert finding.severity == "error"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/containers/certs.d/registry.example:5000/ca.crt": ROOT,
            },
            "podman",
            failing=False,
        )
    )
