"""containerd-mirrors-and-config-path-conflict."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "containerd-mirrors-and-config-path-conflict"


def test_fires_in_the_words_of_the_client() -> None:
    finding = found(
        configured(
            {
                "/etc/containerd/config.toml": (
                    b"version = 2\n"
                    b'[plugins."io.containerd.grpc.v1.cri".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                    b'[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n'
                    b'endpoint = ["https://m.example"]\n'
                ),
            },
            "containerd",
            failing=False,
        )
    )[CODE]
    assert finding.severity == "error"
    assert finding.breaks == ("containerd",)
    assert "would say: " in finding.evidence[0].fact


def test_quiet_where_the_client_reads_its_files() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/containerd/config.toml": (
                    b"version = 2\n"
                    b'[plugins."io.containerd.grpc.v1.cri".registry]\n'
                    b'config_path = "/etc/containerd/certs.d"\n'
                ),
            },
            "containerd",
            failing=False,
        )
    )
