"""x509-token-endpoint-fetched-by-client-not-builder: two stores in one build."""

from __future__ import annotations

from regdoctor.checks.derive import derive
from regdoctor.observations.host import OwnTrust
from regdoctor.observations.http import Challenge
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import HTTPS, NOW, VALID, WRITTEN, chain_seen, found, host_files

CODE = "x509-token-endpoint-fetched-by-client-not-builder"
PRIVATE = "x509-unknown-authority-private-root"
REALM = "https://auth.example"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
TOML = f'[registry."{WRITTEN}"]\n  ca = ["/etc/buildkit/ca.crt"]\n'.encode()
CERTS = {
    "/etc/buildkit/buildkitd.toml": TOML,
    "/etc/buildkit/ca.crt": ROOT.pem,
    f"/etc/docker/certs.d/{WRITTEN}/ca.crt": ROOT.pem,
    f"/etc/containers/certs.d/{WRITTEN}/ca.crt": ROOT.pem,
    f"/etc/containerd/certs.d/{WRITTEN}/ca.crt": ROOT.pem,
    "/etc/containerd/config.toml": (
        b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n'
        b'config_path = "/etc/containerd/certs.d"\n'
    ),
    f"/etc/containerd/certs.d/{WRITTEN}/hosts.toml": (
        f'server = "{HTTPS}"\n[host."{HTTPS}"]\n  ca = "ca.crt"\n'.encode()
    ),
}


def scene(files: dict[str, bytes], *, system: tuple[bytes, ...] = ()) -> Observations:
    leaf = ROOT.issue("registry.example", validity=VALID, send_root=True)
    seen = chain_seen(
        leaf, own=[ROOT.der], files=host_files(files), asked=("buildkit",), system=system
    )
    seen.add(HTTPS, Challenge("bearer", f"{REALM}/token", "registry"))
    seen.add(REALM, Role("realm", (WRITTEN,), WRITTEN))
    seen.add(REALM, OwnTrust((ROOT.der,), ("own-0.pem",)))
    realm = ROOT.issue("auth.example", validity=VALID, send_root=True)
    seen.add(REALM, ServedChain("auth.example", realm.chain, "TLSv1.3", seen_at=NOW.timestamp()))
    derive(seen, REALM)
    return seen


def test_fires_where_buildkitd_alone_was_given_the_authority() -> None:
    codes = found(scene(CERTS))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert finding.severity == "error"
    assert finding.subject == "auth.example"
    assert finding.breaks == ("buildkit",)
    assert "--registry-auth-tlscontext" in finding.fixes[1].commands[0]


def test_other_clients_that_lack_it_keep_their_own_finding() -> None:
    bare = {name: CERTS[name] for name in list(CERTS)[:2]}
    codes = found(scene(bare))
    assert set(codes) == {CODE, PRIVATE}
    assert "buildkit" not in codes[PRIVATE].breaks


def test_quiet_where_the_host_trusts_it_too() -> None:
    assert found(scene(CERTS, system=(ROOT.der,))) == {}


def test_quiet_where_buildkit_does_not_trust_the_registry_either() -> None:
    codes = found(scene({}))
    assert CODE not in codes
    assert "buildkit" in codes[PRIVATE].breaks
