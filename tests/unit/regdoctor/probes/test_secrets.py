"""No secret of a configuration file is kept; everything else is."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.probes.secrets import without_secrets

SECRET = "s3cr3t-w0rd"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/root/.docker/config.json", json.dumps({"auths": {"r": {"auth": b64(f"u:{SECRET}")}}})),
        ("/root/.docker/config.json", json.dumps({"auths": {"r": {"identitytoken": SECRET}}})),
        ("/root/.docker/config.json", json.dumps({"auths": {"r": {"Password": SECRET}}})),
        ("/run/containers/0/auth.json", json.dumps({"auths": {"r": {"auth": b64(SECRET)}}})),
        ("/root/.docker/config.json", '{"auths": {"r": {"auth": "' + SECRET),
        ("/root/.dockercfg", json.dumps({"r": {"auth": b64(f"u:{SECRET}")}})),
        ("/etc/containerd/config.toml", f'[a.auth]\n  password = "{SECRET}"\n'),
        ("/etc/containerd/config.toml", f"auth = '{SECRET}'\n"),
        ("/etc/containerd/certs.d/r/hosts.toml", f'Authorization = "Basic {SECRET}"\n'),
        (
            "/etc/rancher/k3s/registries.yaml",
            f"configs:\n  r:\n    auth:\n      password: {SECRET}\n",
        ),
        ("/etc/docker/daemon.json", f'{{"proxies": {{"https-proxy": "http://u:{SECRET}@p"}}}}'),
        ("/x.conf", f"Environment=HTTPS_PROXY=http://u:{SECRET}@p.example:3128\n"),
    ],
)
def test_secrets_do_not_come_through(path: str, text: str) -> None:
    kept = without_secrets(path, text.encode()).decode()
    assert SECRET not in kept
    assert b64(f"u:{SECRET}") not in kept
    assert b64(SECRET) not in kept


def test_the_user_and_the_place_of_a_login_are_kept() -> None:
    text = json.dumps(
        {"auths": {"r.example": {"auth": b64(f"robot$a:{SECRET}")}}, "credsStore": "x"}
    )
    document = json.loads(without_secrets("/root/.docker/config.json", text.encode()))
    user = base64.b64decode(document["auths"]["r.example"]["auth"]).decode()
    assert (user, document["credsStore"]) == ("robot$a:redacted", "x")


def test_what_does_not_parse_still_does_not() -> None:
    kept = without_secrets("/root/.docker/config.json", b'{"auths": {').decode()
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(kept)


def test_certificates_and_plain_settings_pass_as_they_are() -> None:
    for text in (
        b"-----BEGIN CERTIFICATE-----\nauth = x\n",
        b'server = "https://r.example"\nca = "ca.crt"\n',
        b"mirrors:\n  docker.io:\n    endpoint: [https://m.example]\n",
        b"auth:\n  username: u\n",
        b'[plugins."x".registry.configs."r".auth]\n  username = "u"\n',
    ):
        assert without_secrets("/etc/a.toml", text) == text


@given(st.binary(max_size=400))
def test_any_bytes_are_taken(content: bytes) -> None:
    for path in ("/a.toml", "/root/.docker/config.json"):
        assert isinstance(without_secrets(path, content), bytes)


def test_a_private_key_is_never_kept_wherever_it_stands() -> None:
    pem = b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI\n-----END EC PRIVATE KEY-----\n"
    for path in ("/etc/x/key.pem", "/etc/x/both.crt"):
        kept = without_secrets(path, b"-----BEGIN CERTIFICATE-----\nx\n" + pem)
        assert b"MHcCAQEEI" not in kept
        assert b"BEGIN EC PRIVATE KEY" in kept
