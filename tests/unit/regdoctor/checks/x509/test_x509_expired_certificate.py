"""x509-expired-certificate: which certificate, and whether the clock can be believed."""

from __future__ import annotations

import datetime as dt

from regdoctor.diagnose import judged
from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.scenes import NOW, VALID, chain_seen, found, host_files, questions

CODE = "x509-expired-certificate"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
EXPIRED = Validity.expired(NOW, days=3)


def test_fires_and_names_the_leaf() -> None:
    leaf = ROOT.issue("registry.example", validity=EXPIRED)
    finding = found(chain_seen(leaf, system=[ROOT.der]))[CODE]
    assert finding.confidence == "certain"
    assert "its certificate expired" in finding.title
    assert "3 days ago" in finding.title
    assert finding.evidence[0].data["chain"][0]["mark"].startswith("expired")


def test_names_the_intermediate_where_that_one_expired() -> None:
    issuing = ROOT.intermediate(validity=EXPIRED)
    leaf = issuing.issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, system=[ROOT.der]))[CODE]
    assert "CN=Example Issuing CA" in finding.title
    assert finding.evidence[0].data["chain"][1]["mark"].startswith("expired")


def test_names_the_root_that_is_trusted_and_was_not_sent() -> None:
    old = CertificateAuthority("Old Root CA", validity=EXPIRED)
    leaf = old.issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, own=[old.der]))[CODE]
    assert finding.title.startswith(
        "registry.example:5000: the CA certificate CN=Old Root CA, which regdoctor trusts, expired"
    )
    assert finding.evidence[0].data["chain"][0]["mark"] == ""
    assert "3 days ago" in finding.title


def test_an_old_root_in_one_clients_store_is_named_though_another_has_its_renewal() -> None:
    old = CertificateAuthority("Example Root CA", validity=EXPIRED)
    new = CertificateAuthority("Example Root CA", validity=VALID, key=old.signing_key)
    leaf = new.issue("registry.example", validity=VALID)
    docker = {"/etc/docker/certs.d/registry.example:5000/ca.crt": old.pem}
    seen = chain_seen(leaf, own=[new.der], files=host_files(docker), asked=("docker",))
    finding = found(seen)[CODE]
    assert finding.breaks == ("docker", "podman")
    assert "CN=Example Root CA, which docker and podman trust, expired" in finding.title


def test_each_client_with_an_expired_root_of_its_own_is_told_of_that_one() -> None:
    one = CertificateAuthority("Example Root CA", validity=EXPIRED)
    longer_ago = Validity.expired(NOW, days=9)
    two = CertificateAuthority("Example Root CA", validity=longer_ago, key=one.signing_key)
    leaf = one.issue("registry.example", validity=VALID)
    docker = {"/etc/docker/certs.d/registry.example:5000/ca.crt": two.pem}
    seen = chain_seen(leaf, own=[one.der], files=host_files(docker))
    told = {each.breaks: each for each in judged(seen, ()).findings if each.code == CODE}
    assert "3 days ago" in told[("regdoctor",)].title
    assert "9 days ago" in told[("docker", "podman")].title


def test_quiet_for_a_valid_chain() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    assert found(chain_seen(leaf, system=[ROOT.der])) == {}


def test_quiet_where_the_servers_clock_says_that_ours_is_wrong() -> None:
    leaf = ROOT.issue("registry.example", validity=EXPIRED)
    before = NOW - dt.timedelta(days=10)
    codes = found(chain_seen(leaf, system=[ROOT.der], server_clock=before))
    assert CODE not in codes
    assert "x509-clock-skew-not-yet-valid" in codes


def test_likely_with_the_clock_as_a_question_where_no_date_was_seen() -> None:
    leaf = ROOT.issue("registry.example", validity=EXPIRED)
    seen = chain_seen(leaf, system=[ROOT.der], server_clock=None)
    assert found(seen)[CODE].confidence == "likely"
    assert "x509-clock-skew-not-yet-valid" in questions(seen)


def test_likely_with_the_clock_as_a_question_where_it_has_not_begun_by_the_servers() -> None:
    leaf = ROOT.issue("registry.example", validity=EXPIRED)
    long_ago = NOW - dt.timedelta(days=2000)
    seen = chain_seen(leaf, system=[ROOT.der], server_clock=long_ago)
    assert found(seen)[CODE].confidence == "likely"
    question = questions(seen)["x509-clock-skew-not-yet-valid"]
    assert "has not begun yet" in question.why
