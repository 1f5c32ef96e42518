"""client-setting-ignored."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "client-setting-ignored"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/buildkit/buildkitd.toml": (
                    b'[registry."registry.example:5000"]\n  skip_verify = true\n'
                ),
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
                "/etc/buildkit/buildkitd.toml": (
                    b'[registry."registry.example:5000"]\n  insecure = true\n'
                ),
            },
            "buildkit",
            failing=False,
        )
    )
