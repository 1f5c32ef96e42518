"""x509-unknown-authority-private-root: whose store lacks the root, exactly."""

from __future__ import annotations

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found, host_files

CODE = "x509-unknown-authority-private-root"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
LEAF = ROOT.issue("registry.example", validity=VALID, send_root=True)
DOCKER = "/etc/docker/certs.d/registry.example:5000/ca.crt"


def test_fires_with_the_fingerprint_of_the_root_that_was_served() -> None:
    finding = found(chain_seen(LEAF))[CODE]
    assert finding.severity == "error"
    assert finding.confidence == "certain"
    assert finding.breaks == ("docker", "buildkit", "containerd", "podman", "regdoctor")
    shown = " ".join(fix.title for fix in finding.fixes)
    assert (
        ROOT.certificate.fingerprint(ROOT.certificate.signature_hash_algorithm)
        .hex(  # type: ignore[arg-type]
            ":"
        )
        .upper()
        in shown
    )
    assert "not from the connection that failed" in shown


def test_quiet_when_the_root_is_in_the_pool_of_the_system() -> None:
    assert found(chain_seen(LEAF, system=[ROOT.der])) == {}


def test_breaks_only_the_clients_that_lack_the_root() -> None:
    finding = found(chain_seen(LEAF, files=host_files({DOCKER: ROOT.pem})))[CODE]
    assert "docker" not in finding.breaks
    assert {"buildkit", "containerd", "regdoctor"} <= set(finding.breaks)
    assert any(DOCKER in command for fix in finding.fixes for command in fix.commands)


def test_a_note_where_only_other_clients_lack_the_root() -> None:
    finding = found(chain_seen(LEAF, own=[ROOT.der]))[CODE]
    assert finding.severity == "info"
    assert "regdoctor" not in finding.breaks


def test_an_error_through_the_eyes_of_a_client_that_lacks_it() -> None:
    seen = chain_seen(LEAF, own=[ROOT.der], asked=("docker",))
    assert found(seen)[CODE].severity == "error"


def test_a_ca_with_the_wrong_suffix_is_no_ca() -> None:
    path = DOCKER.replace("ca.crt", "ca.pem")
    assert "docker" in found(chain_seen(LEAF, files=host_files({path: ROOT.pem})))[CODE].breaks


def test_a_chain_with_its_intermediate_lacks_the_root_alone() -> None:
    other = CertificateAuthority("Other Root CA", validity=VALID)
    leaf = ROOT.intermediate(validity=VALID).issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, own=[other.der]))[CODE]
    assert finding.confidence == "likely"
    assert "CN=Example Root CA" in finding.title


def test_a_fault_hidden_behind_an_expired_leaf_is_told_too() -> None:
    from tests.fixtures.ca import Validity
    from tests.fixtures.scenes import NOW

    expired = ROOT.issue("registry.example", validity=Validity.expired(NOW), send_root=True)
    codes = found(chain_seen(expired))
    assert {"x509-expired-certificate", CODE} <= set(codes)
    (words,) = [each.fact for each in codes[CODE].evidence if each.probe == "verify"]
    assert "once the other fault is mended: x509: certificate signed by unknown" in words
