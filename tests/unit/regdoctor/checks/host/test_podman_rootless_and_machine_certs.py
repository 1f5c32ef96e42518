"""podman-rootless-and-machine-certs."""

from __future__ import annotations

from regdoctor.observations.host import FileSeen, HostFiles
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, WRITTEN, chain_seen, found, host_files
from tests.fixtures.scenes.machine import ann
from tests.fixtures.scenes.output import told

CODE = "podman-rootless-and-machine-certs"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
LEAF = ROOT.issue("registry.example", validity=VALID, send_root=True)
CERTS = "/etc/containers/certs.d"
CLOSED = HostFiles({CERTS: FileSeen(error="EACCES")})


def seen_by(machine: MachineFacts, files: HostFiles) -> Observations:
    seen = chain_seen(LEAF, files=files, asked=("podman",))
    seen.add(HOST, machine)
    return seen


def test_fires_where_the_directory_may_not_be_read() -> None:
    finding = found(seen_by(ann(), CLOSED))[CODE]
    assert (finding.subject, finding.severity) == (WRITTEN, "warning")
    assert finding.fixes[0].commands == (f"sudo chmod 755 {CERTS}",)


def test_fires_for_the_directory_of_the_registry_alone() -> None:
    files = HostFiles({f"{CERTS}/{WRITTEN}": FileSeen(error="EACCES")}, {CERTS: (WRITTEN,)})
    assert f"{CERTS}/{WRITTEN}" in found(seen_by(ann(), files))[CODE].title


def test_quiet_where_it_is_read_or_the_user_is_root() -> None:
    files = host_files({f"{CERTS}/{WRITTEN}/ca.crt": ROOT.pem})
    assert CODE not in found(seen_by(ann(), files))
    assert CODE not in found(seen_by(ann(), HostFiles()))
    assert CODE not in found(seen_by(ann(uid=0), CLOSED))


def test_quiet_where_a_file_of_the_user_is_trusted_instead() -> None:
    own = host_files({f"/home/ann/.config/containers/certs.d/{WRITTEN}/ca.crt": ROOT.pem})
    files = HostFiles({**own.files, **CLOSED.files}, own.directories, home="/home/ann")
    assert CODE not in found(seen_by(ann(), files))


def test_quiet_where_another_client_does_not_trust_the_registry() -> None:
    line = 'Error response from daemon: Get "https://r.example/v2/": x509: certificate signed by'
    assert CODE not in told(f"{line} unknown authority")
