"""buildkitd.toml's registry tables, and the hosts that follow from them."""

from pathlib import Path

import pytest

from builder.registry import InvalidConfig, RegistryConfig
from tests.fixtures.ca import CertificateAuthority

CA = CertificateAuthority("Private")
NONE = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}


def config(tmp_path: Path, text: str) -> RegistryConfig:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return RegistryConfig.load(path, environ=NONE)


def bases(made: RegistryConfig, domain: str) -> list[str]:
    return [host.base for host in made.hosts(domain)]


def test_a_name_without_a_section_is_asked_at_itself_over_https() -> None:
    (host,) = RegistryConfig(environ=NONE).hosts("registry.example:5000")
    assert host.base == "https://registry.example:5000/v2"
    assert (host.role, host.ns, host.trust.insecure) == ("origin", "", False)
    assert host.capabilities == {"pull", "resolve", "push"}


def test_docker_hub_is_asked_at_its_api_host_without_ns() -> None:
    (host,) = RegistryConfig(environ=NONE).hosts("docker.io")
    assert host.base == "https://registry-1.docker.io/v2"
    assert host.ns == ""
    url = host.url("library/alpine", "manifests/latest")
    assert url == "https://registry-1.docker.io/v2/library/alpine/manifests/latest"


def test_mirrors_come_in_order_and_the_origin_last(tmp_path: Path) -> None:
    made = config(
        tmp_path,
        """
        [registry."docker.io"]
        mirrors = ["mirror.example:5000", "https://proxy.example/hub/"]
        [registry."mirror.example:5000"]
        mirrors = ["never.example"]
        """,
    )
    assert bases(made, "docker.io") == [
        "https://mirror.example:5000/v2",
        "https://proxy.example/v2/hub",
        "https://registry-1.docker.io/v2",
    ]
    first, second, origin = made.hosts("docker.io")
    assert [h.role for h in (first, second, origin)] == ["mirror", "mirror", "origin"]
    assert first.capabilities == {"pull", "resolve"}
    assert second.url("library/alpine", "manifests/1") == (
        "https://proxy.example/v2/hub/library/alpine/manifests/1?ns=docker.io"
    )


def test_upstream_false_leaves_the_origin_out(tmp_path: Path) -> None:
    made = config(tmp_path, '[registry."ghcr.io"]\nmirrors = ["m.example"]\nupstream = false')
    assert bases(made, "ghcr.io") == ["https://m.example/v2"]
    made = config(tmp_path, '[registry."ghcr.io"]\nupstream = false')
    with pytest.raises(InvalidConfig, match="upstream is false and there is no mirror"):
        made.hosts("ghcr.io")


@pytest.mark.parametrize(
    ("options", "host", "base", "insecure", "fallback", "upgrade"),
    [
        ("", "r.example", "https://r.example/v2", False, False, False),
        ("http = true", "r.example", "http://r.example/v2", False, False, False),
        ("insecure = true", "r.example", "https://r.example/v2", True, False, False),
        ("http = true\ninsecure = true", "r.example", "https://r.example/v2", True, True, False),
        ("", "localhost:5000", "http://localhost:5000/v2", False, False, True),
        ("", "127.0.0.1:5000", "http://127.0.0.1:5000/v2", False, False, True),
        ("http = false", "localhost:5000", "https://localhost:5000/v2", False, False, False),
        ("http = true", "localhost:5000", "http://localhost:5000/v2", False, False, False),
        ("insecure = true", "localhost:5000", "https://localhost:5000/v2", True, True, False),
    ],
)
def test_http_and_insecure_mean_what_they_mean_to_buildkit(
    tmp_path: Path, options, host, base, insecure, fallback, upgrade
) -> None:
    (made,) = config(tmp_path, f'[registry."{host}"]\n{options}\n').hosts(host)
    assert made.base == base
    assert made.trust.insecure is insecure
    assert made.http_fallback is fallback
    assert made.https_upgrade is upgrade


def test_a_mirror_has_its_own_sections_trust_and_not_its_origins(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(CA.pem)
    made = config(
        tmp_path,
        f"""
        [registry."docker.io"]
        mirrors = ["m.example"]
        ca = ["{ca}"]
        """,
    )
    mirror, origin = made.hosts("docker.io")
    assert CA.der not in mirror.trust.roots.certificates
    assert CA.der in origin.trust.roots.certificates
    made = config(tmp_path, f'[registry."m.example"]\nca = ["{ca}"]')
    (own,) = made.hosts("m.example")
    assert own.trust.roots.sources[-1] == str(ca)


def test_a_directory_gives_crt_as_roots_and_cert_with_key_as_pairs(tmp_path: Path) -> None:
    directory = tmp_path / "certs.d"
    certificate, key = CA.client().write(directory, "client")
    certificate.rename(directory / "client.cert")
    (directory / "ca.crt").write_bytes(CA.pem)
    (directory / "ignored.pem").write_bytes(CertificateAuthority("Other").pem)
    (host,) = config(
        tmp_path, f'[registry."r.example"]\ntlsconfigdir = ["{directory}", "/nonexistent"]'
    ).hosts("r.example")
    assert CA.der in host.trust.roots.certificates
    (pair,) = host.trust.client_certificates
    assert (pair.certificate, pair.key) == (directory / "client.cert", key)
    key.unlink()
    with pytest.raises(InvalidConfig, match=r"failed to load keypair for .*client\.cert"):
        config(tmp_path, f'[registry."r.example"]\ntlsconfigdir = ["{directory}"]').hosts(
            "r.example"
        )


def test_the_extra_ca_is_for_every_host(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(CA.pem)
    made = RegistryConfig(ca=[ca], environ=NONE)
    for domain in ("docker.io", "r.example"):
        assert CA.der in made.hosts(domain)[0].trust.roots.certificates


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[registry."a"\n', "line 1: "),
        ('x = 1\n[registry."a"]\nca = [', "config.toml: "),
        ('registry = "x"', "registry: not a table"),
        ('[registry]\n"a" = 1', '[registry."a"]: not a table'),
        ('[registry."a"]\nca = "x.pem"', '[registry."a"] ca: not a list of strings'),
        ('[registry."a"]\nmirrors = [1]', '[registry."a"] mirrors: not a list of strings'),
        ('[registry."a"]\nhttp = "yes"', '[registry."a"] http: not true or false'),
        ('[registry."a"]\nconnect-timeout = "x"', "connect-timeout: 'x' is no length of time"),
        ('[[registry."a".keypair]]\nkey = "k"', '[registry."a"] keypair: '),
    ],
)
def test_a_broken_file_is_one_line_that_names_file_and_key(tmp_path, text, words) -> None:
    with pytest.raises(InvalidConfig) as caught:
        config(tmp_path, text)
    message = str(caught.value)
    assert str(tmp_path / "config.toml") in message
    assert words in message
    assert "\n" not in message


def test_a_ca_that_cannot_be_read_or_has_no_pem_is_named(tmp_path: Path) -> None:
    gone = config(tmp_path, '[registry."a.b"]\nca = ["/gone.pem"]')
    with pytest.raises(InvalidConfig, match=r'\[registry."a.b"\] ca: /gone.pem: No such file'):
        gone.hosts("a.b")
    der = tmp_path / "ca.der"
    der.write_bytes(CA.der)
    with pytest.raises(InvalidConfig, match="no certificate in PEM form"):
        config(tmp_path, f'[registry."a.b"]\nca = ["{der}"]').hosts("a.b")
    with pytest.raises(InvalidConfig, match="--ca"):
        RegistryConfig(ca=[der], environ=NONE).hosts("a.b")


@pytest.mark.parametrize(("text", "seconds"), [("5", 5.0), ('"1m30s"', 90.0), ('"250ms"', 0.25)])
def test_the_connect_timeout_is_seconds_or_gos_duration(tmp_path, text, seconds) -> None:
    (host,) = config(tmp_path, f'[registry."a.b"]\nconnect-timeout = {text}').hosts("a.b")
    assert host.connect_timeout == seconds


def test_the_default_file_is_the_users_before_the_systems(tmp_path: Path) -> None:
    path = tmp_path / "regdoctor" / "config.toml"
    path.parent.mkdir()
    path.write_text('[registry."a.b"]\nmirrors = ["m.example"]')
    made = RegistryConfig.load(None, environ={**NONE, "XDG_CONFIG_HOME": str(tmp_path)})
    assert made.source == str(path)
    assert len(made.hosts("a.b")) == 2


def test_a_name_made_insecure_keeps_its_other_settings(tmp_path: Path) -> None:
    made = config(tmp_path, '[registry."a.b"]\nmirrors = ["m.example"]').with_insecure("a.b")
    mirror, origin = made.hosts("a.b")
    assert not mirror.trust.insecure
    assert origin.trust.insecure
    assert origin.http_fallback


def test_the_pool_is_that_of_the_file_system_named(tmp_path: Path) -> None:
    bundle = tmp_path / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    authority = CertificateAuthority("Elsewhere")
    bundle.write_bytes(authority.pem)
    config = RegistryConfig({}, environ={}, root=tmp_path)
    assert config.roots.certificates == (authority.der,)
    assert config.with_insecure("a.example").roots.certificates == (authority.der,)
