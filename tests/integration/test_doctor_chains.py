"""Chains that are refused above the leaf or on the way, on real TLS servers: one code each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.fixtures.ca import CertificateAuthority, Issued, Validity
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import BearerAuth, Registry, Server, Store, TokenService
from tests.fixtures.tunnel import Tunnel

pytestmark = pytest.mark.integration

NAME, AUTH = "registry.example", "auth.example"
ROOT = CertificateAuthority("Example Root CA")


@contextmanager
def served(issued: Issued, name: str = NAME) -> Iterator[Server]:
    context = issued.server_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL would not serve SHA-1 otherwise
    with Server(Registry(), tls=context, name=name) as server:
        yield server


def looked(directory: Path, issued: Issued, root: CertificateAuthority = ROOT) -> Ran:
    """With ``root`` as the one authority of that host's pool."""
    bundle = directory / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(root.pem)
    with served(issued) as server:
        given = ("--host-root", str(directory), "--resolve", f"{server.authority}:127.0.0.1")
        return check(*given, "--as", "all", server.authority)


def culprit(ran: Ran, code: str) -> str:
    facts = [each["data"] for each in ran.findings[code]["evidence"]]
    return next(str(each["culprit"]["subject"]) for each in facts if "culprit" in each)


def under(ca: CertificateAuthority) -> Issued:
    return ca.issue(NAME)


def limited_use() -> Issued:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return under(ROOT.intermediate("Mail CA", extensions=[(usage, False)]))


def limited_names() -> Issued:
    constraints = x509.NameConstraints([x509.DNSName("corp.example")], None)
    return under(ROOT.intermediate("Corp CA", extensions=[(constraints, True)]))


def weak() -> Issued:
    return under(ROOT.intermediate("Weak CA", hash=hashes.SHA1()))


@pytest.mark.parametrize(
    ("code", "make", "at_fault"),
    [
        ("x509-sha1-signature", weak, "CN=Weak CA"),
        ("x509-incompatible-key-usage", limited_use, "CN=Mail CA"),
        ("x509-name-constraints", limited_names, "CN=Corp CA"),
    ],
)
def test_the_ca_at_fault_is_named(code: str, make: object, at_fault: str, tmp_path: Path) -> None:
    assert callable(make)
    ran = looked(tmp_path, make())
    assert ran.serious == {code}
    assert culprit(ran, code) == at_fault
    assert ran.code == 1
    assert ran.open == set()


def test_the_old_root_of_lets_encrypt_is_known_by_name(tmp_path: Path) -> None:
    old = CertificateAuthority("DST Root CA X3", validity=Validity.expired(days=1500))
    new = CertificateAuthority("ISRG Root X1")
    leaf = under(old.intermediate("ISRG Root X1", key=new.signing_key).intermediate("R3"))
    ran = looked(tmp_path / "old", leaf, old)
    assert ran.serious == {"x509-expired-cross-sign-dst-root-x3"}
    assert culprit(ran, "x509-expired-cross-sign-dst-root-x3") == "CN=DST Root CA X3"
    assert looked(tmp_path / "new", leaf, new).serious == set()


def test_a_firewall_that_blocks_and_one_that_inspects_are_told_apart(tmp_path: Path) -> None:
    box = CertificateAuthority("support", organisation="Fortinet")
    blocked = looked(tmp_path / "a", box.issue("FG3K6C3A15800021"))
    assert blocked.serious == {"firewall-block-page-certificate"}
    inspected = looked(tmp_path / "b", box.issue(NAME, send_root=True))
    assert inspected.serious == {"x509-tls-interception-proxy"}
    assert inspected.open == set()


def test_a_note_for_macs_alone(tmp_path: Path) -> None:
    ran = looked(tmp_path, ROOT.issue(NAME, validity=Validity.around(days=3000)))
    assert ran.serious == set()
    assert set(ran.findings) == {"macos-certificate-not-standards-compliant"}
    assert ran.code == 0


def test_a_proxy_that_signs_is_proven_by_the_chain_without_it(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    company = CertificateAuthority("Company Web Root")
    with served(ROOT.issue(NAME)) as real, served(company.issue(NAME, send_root=True)) as forged:
        resolve = ("--resolve", f"{real.authority}:127.0.0.1")
        with Tunnel({real.authority: ("127.0.0.1", forged.port)}) as proxy:
            environ = {"HTTPS_PROXY": proxy.url}
            given = (*resolve, "--ca", str(tmp_path / "root.pem"), real.authority)
            ran = check(*given, environ=environ)
    assert ran.serious == {"x509-tls-interception-proxy"}
    finding = ran.findings["x509-tls-interception-proxy"]
    assert finding["confidence"] == "certain"
    assert "without the proxy the issuer is CN=Example Root CA" in finding["title"]
    assert ran.open == set()


def test_the_token_of_buildkit_is_fetched_by_its_client(tmp_path: Path) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    auth = BearerAuth(TokenService())
    realm = Server(
        Registry(auth=BearerAuth(auth.tokens)),
        tls=ROOT.issue(AUTH, send_root=True).server_context(),
    )
    registry = Registry(store, auth=auth)
    with realm, Server(registry, tls=ROOT.issue(NAME).server_context(), name=NAME) as server:
        auth.realm = f"https://{AUTH}:{realm.port}/token"
        settings = tmp_path / "etc/buildkit/buildkitd.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'[registry."{server.authority}"]\nca = ["/etc/buildkit/ca.crt"]\n')
        (settings.parent / "ca.crt").write_bytes(ROOT.pem)
        given = ("--host-root", str(tmp_path), "--as", "buildkit")
        names = [f"{server.authority}:127.0.0.1", f"{AUTH}:{realm.port}:127.0.0.1"]
        resolve = [each for name in names for each in ("--resolve", name)]
        ran = check(*given, *resolve, f"{server.authority}/team/app:1.0")
    assert ran.serious == {"x509-token-endpoint-fetched-by-client-not-builder"}
    assert ran.code == 1
