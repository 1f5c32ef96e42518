"""containerd-mirror-path-double-v2-override-path."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "containerd-mirror-path-double-v2-override-path"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/containerd/config.toml": (
                    b"version = 3\n"
                    b'[plugins."io.containerd.cri.v1.images".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
                "/etc/containerd/certs.d/registry.example:5000/hosts.toml": b'[host."https://registry.example:5000/v2/proxy"]\n',
            },
            "containerd",
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
                "/etc/containerd/config.toml": (
                    b"version = 3\n"
                    b'[plugins."io.containerd.cri.v1.images".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
                "/etc/containerd/certs.d/registry.example:5000/hosts.toml": (
                    b'[host."https://registry.example:5000/v2/proxy"]\noverride_path = true\n'
                ),
            },
            "containerd",
            failing=False,
        )
    )
