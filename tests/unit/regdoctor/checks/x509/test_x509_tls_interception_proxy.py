"""x509-tls-interception-proxy: the right name by an authority that cannot be the registry's."""

from __future__ import annotations

from regdoctor.checks.derive import derive
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import DirectChain, ServedChain
from tests.fixtures.ca import CertificateAuthority, Issued
from tests.fixtures.scenes import HTTPS, NOW, VALID, chain_seen, found, registry_seen

CODE = "x509-tls-interception-proxy"
PRIVATE = "x509-unknown-authority-private-root"
COMPANY = CertificateAuthority("Company Web Root", validity=VALID)
OTHER = CertificateAuthority("Other Root CA", validity=VALID)


def test_fires_for_a_public_host_that_no_public_authority_signed() -> None:
    leaf = COMPANY.issue("ghcr.io", validity=VALID, send_root=True)
    codes = found(chain_seen(leaf, host="ghcr.io", system=[OTHER.der]))
    assert set(codes) == {CODE}
    assert codes[CODE].confidence == "likely"
    assert any(each.client == "network" for each in codes[CODE].fixes)


def test_certain_where_unrelated_public_hosts_show_the_same_issuer() -> None:
    leaf = COMPANY.issue("ghcr.io", validity=VALID, send_root=True)
    seen = chain_seen(leaf, host="ghcr.io", endpoint="https://ghcr.io", system=[OTHER.der])
    second = COMPANY.issue("quay.io", validity=VALID, send_root=True)
    registry_seen("https://quay.io", seen=seen)
    seen.add(HOST, _roots())
    seen.add("https://quay.io", _served("quay.io", second))
    derive(seen, "https://quay.io")
    findings = [each for each in _all(seen) if each == CODE]
    assert len(findings) == 2
    assert found(seen)[CODE].confidence == "certain"


def test_fires_by_the_name_of_an_inspecting_proxy() -> None:
    proxy = CertificateAuthority("Zscaler Root CA", validity=VALID)
    codes = found(chain_seen(proxy.issue("registry.example", validity=VALID, send_root=True)))
    assert set(codes) == {CODE}
    assert codes[CODE].confidence == "likely"


def test_certain_where_the_chain_without_the_proxy_is_another() -> None:
    seen = chain_seen(COMPANY.issue("registry.example", validity=VALID, send_root=True))
    direct = OTHER.issue("registry.example", validity=VALID)
    seen.add(HTTPS, DirectChain(direct.chain))
    codes = found(seen)
    assert set(codes) == {CODE}
    assert codes[CODE].confidence == "certain"
    assert "without the proxy the issuer is CN=Other Root CA" in codes[CODE].title


def test_quiet_where_the_chain_without_the_proxy_is_the_same() -> None:
    leaf = COMPANY.issue("registry.example", validity=VALID, send_root=True)
    seen = chain_seen(leaf)
    seen.add(HTTPS, DirectChain(leaf.chain))
    assert set(found(seen)) == {PRIVATE}


def test_quiet_for_a_private_registry() -> None:
    leaf = COMPANY.issue("registry.example", validity=VALID, send_root=True)
    assert set(found(chain_seen(leaf, system=[OTHER.der]))) == {PRIVATE}


def test_quiet_where_the_pool_is_empty_or_the_authority_public() -> None:
    leaf = COMPANY.issue("ghcr.io", validity=VALID, send_root=True)
    assert CODE not in found(chain_seen(leaf, host="ghcr.io"))
    public = CertificateAuthority("Root R46", organisation="Sectigo Limited", validity=VALID)
    leaf = public.issue("ghcr.io", validity=VALID, send_root=True)
    assert CODE not in found(chain_seen(leaf, host="ghcr.io", system=[OTHER.der]))


def _roots() -> object:
    from regdoctor.observations.host import RootsSeen

    return RootsSeen((OTHER.der,), ("/etc/ssl/certs/ca-certificates.crt",))


def _served(host: str, issued: Issued) -> ServedChain:
    return ServedChain(host, issued.chain, "TLSv1.3", seen_at=NOW.timestamp())


def _all(seen: Observations) -> list[str]:
    from regdoctor.diagnose import judged

    return [each.code for each in judged(seen, ()).findings]
