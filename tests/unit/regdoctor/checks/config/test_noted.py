"""What is noted of a file is an error only where it can be why the contact fails."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import ROOT, configured

FILES = {"/etc/containers/certs.d/registry.example:5000/ca.pem": ROOT}
CODE = "docker-certsd-cert-vs-crt-extension"


def test_an_unread_file_does_not_explain_a_certificate_that_expired() -> None:
    codes = found(configured(FILES, "podman", failing=False, expired=True))
    assert codes["x509-expired-certificate"].severity == "error"
    assert codes[CODE].severity == "info"


def test_where_no_authority_is_known_it_is_an_error_and_not_certain_to_be_the_cause() -> None:
    finding = found(configured(FILES, "podman", failing=True))[CODE]
    assert (finding.severity, finding.confidence) == ("error", "likely")


def test_a_path_does_not_explain_a_chain_that_is_not_trusted() -> None:
    mirror = b'[host."https://registry.example:5000/v2/proxy"]\n'
    files = {
        "/etc/containerd/config.toml": (
            b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n'
            b'config_path = "/etc/containerd/certs.d"\n'
        ),
        "/etc/containerd/certs.d/registry.example:5000/hosts.toml": mirror,
    }
    finding = found(configured(files, "containerd", failing=True))[
        "containerd-mirror-path-double-v2-override-path"
    ]
    assert finding.severity == "info"
