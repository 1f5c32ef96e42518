"""x509-missing-intermediate: the server's omission, told apart from a private root."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.checks.derive import derive
from regdoctor.observations.tls import FetchedIssuer
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import HTTPS, VALID, chain_seen, found, host_files, questions

CODE = "x509-missing-intermediate"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
ISSUING = ROOT.intermediate(validity=VALID)
WHOLE = ISSUING.issue("registry.example", validity=VALID)
LEAF_ALONE = replace(WHOLE, sent=())


def test_fires_where_the_fetched_issuer_makes_the_chain_whole() -> None:
    seen = chain_seen(LEAF_ALONE, system=[ROOT.der])
    seen.add(HTTPS, FetchedIssuer("http://ca.example/issuing.der", ISSUING.der))
    derive(seen, HTTPS)
    finding = found(seen)[CODE]
    assert finding.confidence == "certain"
    assert finding.severity == "error"
    assert finding.breaks == ("docker", "buildkit", "containerd", "podman", "regdoctor")
    assert finding.evidence[0].data["missing"] == "CN=Example Issuing CA"
    assert {fix.client for fix in finding.fixes} >= {"server", "registry", "nexus"}
    assert CODE not in questions(seen)


def test_quiet_when_the_intermediate_is_sent() -> None:
    assert found(chain_seen(WHOLE, system=[ROOT.der])) == {}


def test_quiet_when_the_root_alone_is_not_sent() -> None:
    assert CODE not in found(chain_seen(ROOT.issue("registry.example", validity=VALID)))


def test_likely_with_the_rival_named_where_the_issuer_cannot_be_fetched() -> None:
    seen = chain_seen(LEAF_ALONE, own=[ROOT.der])
    finding = found(seen)[CODE]
    assert finding.confidence == "likely"
    assert "x509-unknown-authority-private-root" in questions(seen)


def test_a_fetched_intermediate_under_an_unknown_root_leaves_the_root_open() -> None:
    seen = chain_seen(LEAF_ALONE)
    seen.add(HTTPS, FetchedIssuer("http://ca.example/issuing.der", ISSUING.der))
    derive(seen, HTTPS)
    assert found(seen)[CODE].confidence == "certain"
    assert "x509-unknown-authority-private-root" in questions(seen)


def test_quiet_for_a_client_that_holds_the_intermediate() -> None:
    path = "/etc/docker/certs.d/registry.example:5000/ca.crt"
    seen = chain_seen(LEAF_ALONE, system=[ROOT.der], files=host_files({path: ISSUING.pem}))
    assert "docker" not in found(seen)["x509-unknown-authority-private-root"].breaks
