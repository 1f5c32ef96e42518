"""buildkit-http-and-insecure-semantics."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

CODE = "buildkit-http-and-insecure-semantics"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/buildkit/buildkitd.toml": (
                    b'[registry."docker.io"]\n'
                    b'  mirrors = ["registry.example:5000"]\n'
                    b'  ca = ["/etc/ca.pem"]\n'
                ),
                "/etc/ca.pem": ROOT,
            },
            "buildkit",
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
                "/etc/buildkit/buildkitd.toml": (
                    b'[registry."docker.io"]\n'
                    b'  mirrors = ["registry.example:5000"]\n'
                    b'[registry."registry.example:5000"]\n'
                    b'  ca = ["/etc/ca.pem"]\n'
                ),
                "/etc/ca.pem": ROOT,
            },
            "buildkit",
            failing=False,
            domain="docker.io",
            role="mirror",
        )
    )
