"""client-credentials-exposed."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

LOGIN = b'{"auths": {"registry.example:5000": {"auth": "dTpw"}}}'
CODE = "client-credentials-exposed"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/buildkit/buildkitd.toml": (
                    b'[registry."registry.example:5000"]\n  http = true\n'
                ),
                "/root/.docker/config.json": LOGIN,
            },
            "buildkit",
            failing=False,
        )
    )[CODE]
    assert finding.severity == "warning"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/root/.docker/config.json": LOGIN,
            },
            "buildkit",
            failing=False,
        )
    )
