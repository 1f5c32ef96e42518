"""k3s-registries-yaml-keys."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

CODE = "k3s-registries-yaml-keys"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/rancher/k3s/registries.yaml": (
                    b"mirrors:\n"
                    b"  docker.io:\n"
                    b"    endpoint:\n"
                    b'      - "https://registry.example:5000"\n'
                    b"configs:\n"
                    b"  docker.io:\n"
                    b"    tls:\n"
                    b"      ca_file: /etc/ca.pem\n"
                ),
                "/etc/ca.pem": ROOT,
            },
            "containerd",
            failing=True,
            domain="docker.io",
            role="mirror",
            judged_by={"containerd": "k3s"},
        )
    )[CODE]
    assert finding.severity == "error"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/rancher/k3s/registries.yaml": (
                    b"mirrors:\n"
                    b"  docker.io:\n"
                    b"    endpoint:\n"
                    b'      - "https://registry.example:5000"\n'
                    b"configs:\n"
                    b"  registry.example:5000:\n"
                    b"    tls:\n"
                    b"      ca_file: /etc/ca.pem\n"
                ),
                "/etc/ca.pem": ROOT,
            },
            "containerd",
            failing=False,
            domain="docker.io",
            role="mirror",
            judged_by={"containerd": "k3s"},
        )
    )
