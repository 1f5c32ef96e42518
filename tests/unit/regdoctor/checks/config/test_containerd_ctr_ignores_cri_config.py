"""containerd-ctr-ignores-cri-config."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "containerd-ctr-ignores-cri-config"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/containerd/config.toml": (
                    b"version = 3\n"
                    b'[plugins."io.containerd.cri.v1.images".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
            },
            "containerd",
            failing=True,
            judged_by={"containerd": "ctr"},
        )
    )[CODE]
    assert finding.severity == "info"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/containerd/config.toml": (
                    b"version = 3\n"
                    b'[plugins."io.containerd.cri.v1.images".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
            },
            "containerd",
            failing=False,
        )
    )
