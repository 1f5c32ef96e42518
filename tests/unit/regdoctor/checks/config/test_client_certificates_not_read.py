"""client-certificates-not-read."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

CODE = "client-certificates-not-read"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/docker/certs.d/registry.example:5000/ca.crt": ROOT,
            },
            "buildkit",
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
                "/etc/docker/certs.d/registry.example:5000/ca.crt": ROOT,
            },
            "buildkit",
            failing=False,
        )
    )
