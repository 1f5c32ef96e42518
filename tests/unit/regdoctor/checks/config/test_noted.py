"""What is noted of a file is an error only where it can be why the contact fails."""

from __future__ import annotations

import pytest

from regdoctor.observations.network import ConnectAttempt, Connection, Resolution
from tests.fixtures.scenes import HTTPS, found
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


CONFIG = (
    b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n'
    b'config_path = "/etc/containerd/certs.d"\n'
)
DROPPED = {
    "/etc/containerd/config.toml": CONFIG,
    "/etc/containerd/certs.d/registry.example:5000/hosts.toml": b'[host."https://m.example]\n',
}
MENDED = {**DROPPED, "/etc/containerd/certs.d/registry.example:5000/hosts.toml": b""}
NOWHERE = Resolution("registry.example", fault="no-such-host")
REFUSED = Connection((ConnectAttempt("192.0.2.1:5000", "refused"),))
REACHED = Connection((ConnectAttempt("192.0.2.1:5000"),))


@pytest.mark.parametrize(
    ("observation", "severity"), [(NOWHERE, "error"), (REFUSED, "error"), (REACHED, "warning")]
)
def test_mirrors_that_are_lost_are_an_error_where_nobody_reaches_the_origin(
    observation: object, severity: str
) -> None:
    code = "containerd-hosts-toml-wrong-structure"
    seen = configured(DROPPED, "containerd", failing=False)
    seen.add(HTTPS, observation)
    finding = found(seen)[code]
    assert finding.severity == severity
    assert "/hosts.toml" in finding.fixes[0].title
    seen = configured(MENDED, "containerd", failing=False)
    seen.add(HTTPS, observation)
    assert code not in found(seen)


def test_another_trap_does_not_explain_an_origin_that_nobody_reaches() -> None:
    seen = configured(FILES, "podman", failing=False)
    seen.add(HTTPS, NOWHERE)
    assert found(seen)[CODE].severity == "info"


def test_a_fix_names_the_file_that_is_meant() -> None:
    (fix,) = found(configured(FILES, "podman", failing=True))[CODE].fixes
    path = "/etc/containers/certs.d/registry.example:5000/ca"
    assert fix.commands == (f"mv {path}.pem {path}.crt",)


def test_a_fix_names_the_directory_that_is_meant() -> None:
    files = {"/etc/containers/certs.d/registry.example/ca.crt": ROOT}
    seen = configured(files, "podman", failing=True)
    (fix,) = found(seen)["docker-certsd-directory-name-port"].fixes
    path = "/etc/containers/certs.d/registry.example"
    assert fix.commands == (f"mv {path} {path}:5000",)
