"""containerd-hosts-toml-wrong-structure."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

CODE = "containerd-hosts-toml-wrong-structure"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/containerd/config.toml": (
                    b"version = 3\n"
                    b'[plugins."io.containerd.cri.v1.images".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
                "/etc/containerd/certs.d/registry.example:5000/hosts.toml": b"server = \n",
            },
            "containerd",
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
                "/etc/containerd/config.toml": (
                    b"version = 3\n"
                    b'[plugins."io.containerd.cri.v1.images".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
                "/etc/containerd/certs.d/registry.example:5000/hosts.toml": (
                    b'server = "https://registry.example:5000"\nca = "ca.crt"\n'
                ),
                "/etc/containerd/certs.d/registry.example:5000/ca.crt": ROOT,
            },
            "containerd",
            failing=False,
        )
    )
