"""x509-chain-rejected: what no other check explains is told in Go's words."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from regdoctor.diagnose import judged
from regdoctor.model.finding import Finding
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found, host_files

CODE = "x509-chain-rejected"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_for_a_critical_extension_that_go_does_not_know() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    leaf = ROOT.issue("registry.example", validity=VALID, extensions=[(unknown, True)])
    codes = found(chain_seen(leaf, system=[ROOT.der]))
    assert set(codes) == {CODE}
    assert "unhandled critical extension" in codes[CODE].title


def test_the_authority_of_a_refused_chain_is_not_called_missing() -> None:
    issuing = ROOT.intermediate(validity=VALID)
    usages = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    leaf = issuing.issue("registry.example", validity=VALID, usages=usages)
    codes = found(chain_seen(leaf, own=[ROOT.der]))
    assert codes["x509-incompatible-key-usage"].breaks == ("regdoctor",)
    assert codes["x509-unknown-authority-private-root"].confidence == "certain"
    assert "x509-missing-intermediate" not in codes


def test_fires_for_a_namesake_that_did_not_sign() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    namesake = CertificateAuthority("Example Root CA", validity=VALID)
    codes = found(chain_seen(leaf, system=[namesake.der]))
    assert "did not sign" in codes[CODE].title
    assert "x509-unknown-authority-private-root" not in codes


def facts_of(finding: Finding) -> list[str]:
    return [each.fact for each in finding.evidence]


def test_an_intermediate_that_may_not_issue_is_named_and_not_the_leaf() -> None:
    ca = ROOT.intermediate("Not a CA", validity=VALID, ca=False)
    leaf = ca.issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, system=[ROOT.der]))[CODE]
    assert "the certificate CN=Not a CA may not issue certificates, so docker" in finding.title
    marks = [each["mark"] for each in finding.evidence[0].data["chain"]]
    assert marks == ["", "may not issue certificates"]
    assert (
        "CN=Not a CA signed the server's certificate, and may not: "
        "its basic constraints say CA:FALSE"
    ) in facts_of(finding)


def test_a_root_that_is_for_clients_only_is_named_with_who_trusts_it() -> None:
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    root = CertificateAuthority("Clients Root", validity=VALID, extensions=[(clients, False)])
    leaf = root.issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, own=[root.der]))["x509-incompatible-key-usage"]
    assert "CN=Clients Root" in finding.title
    assert any(fact.startswith("CN=Clients Root has SHA-256") for fact in facts_of(finding))
    assert (
        "CN=Clients Root of the client's store is for clients only, and so is all that it issues"
    ) in facts_of(finding)


def test_a_name_constraint_is_told_with_the_ca_that_has_it() -> None:
    only = x509.NameConstraints([x509.DNSName("other.example")], None)
    ca = ROOT.intermediate("Constrained CA", validity=VALID, extensions=[(only, True)])
    finding = found(chain_seen(ca.issue("registry.example", validity=VALID), system=[ROOT.der]))
    facts = facts_of(finding["x509-name-constraints"])
    assert "the constraint is that of CN=Constrained CA" in facts


def test_two_authorities_of_one_name_are_told_by_their_key_identifiers() -> None:
    namesake = CertificateAuthority("Example Root CA", validity=VALID)
    leaf = ROOT.issue("registry.example", validity=VALID)
    facts = facts_of(found(chain_seen(leaf, system=[namesake.der]))[CODE])
    assert any("its key did not sign the server's certificate" in fact for fact in facts)
    assert any("there are two keys of that name" in fact for fact in facts)


def test_a_root_that_go_leaves_out_of_the_store_is_named_and_not_called_unknown() -> None:
    """Its name constraints are empty, which no certificate may have."""
    empty = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), b"\x30\x00")
    root = CertificateAuthority("Broken Root", validity=VALID, extensions=[(empty, True)])
    leaf = root.issue("registry.example", validity=VALID)
    codes = found(chain_seen(leaf, own=[root.der], asked=("regdoctor",)))
    assert "CN=Broken Root, which regdoctor trusts, has the issuer's name" in codes[CODE].title
    assert any("x509: empty name constraints extension" in each for each in facts_of(codes[CODE]))
    private = codes.get("x509-unknown-authority-private-root")
    assert private is None or "regdoctor" not in private.breaks


def test_clients_with_different_roots_at_fault_are_told_apart() -> None:
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    root = CertificateAuthority("Example Root CA", validity=VALID, extensions=[(clients, False)])
    no_ca = CertificateAuthority("Example Root CA", validity=VALID, ca=False, key=root.signing_key)
    leaf = root.issue("registry.example", validity=VALID)
    docker = {"/etc/docker/certs.d/registry.example:5000/ca.crt": no_ca.pem}
    seen = chain_seen(leaf, own=[root.der], files=host_files(docker))
    told = {each.breaks: each.title for each in judged(seen, ()).findings}
    assert "is for clientAuth alone" in told[("regdoctor",)]
    assert "may not issue certificates" in told[("docker", "podman")]


def test_quiet_for_a_private_root() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    assert CODE not in found(chain_seen(leaf))


def test_what_is_advised_is_about_what_ails() -> None:
    short = ROOT.intermediate("Short", validity=VALID, path_length=0)
    long = short.intermediate("Long", validity=VALID).issue("registry.example", validity=VALID)
    no_ca = ROOT.intermediate("Not a CA", validity=VALID, ca=False)
    leaf = no_ca.issue("registry.example", validity=VALID)
    for issued, words in ((long, "may have as many CAs"), (leaf, "basicConstraints CA:TRUE")):
        (fix,) = found(chain_seen(issued, system=[ROOT.der]))[CODE].fixes
        assert words in fix.title


def test_a_namesake_is_first_of_all_a_file_to_replace() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    namesake = CertificateAuthority("Example Root CA", validity=VALID)
    fixes = found(chain_seen(leaf, system=[namesake.der]))[CODE].fixes
    assert fixes[0].client == "all clients"
    assert "replace its file" in fixes[0].title
