"""No secret of a configuration file is kept; everything else is."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.probes.secrets import without_secrets

SECRET = "s3cr3t-w0rd"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


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
        (
            "/root/.docker/buildx/instances/b",
            json.dumps({"Nodes": [{"Files": {"certs/r/k": b64(KEY)}}]}),
        ),
        (
            "/root/.docker/buildx/instances/b",
            json.dumps({"Nodes": [{"DriverOpts": {"env.ACCESS": SECRET}}]}),
        ),
        ("/root/.docker/buildx/instances/b", f'{{"Nodes": [{{"Files": {{"k": "{b64(KEY)}'),
        ("/x.conf", f"Environment=HTTPS_PROXY=http://u:{SECRET}@p.example:3128\n"),
    ],
)
def test_secrets_do_not_come_through(path: str, text: str) -> None:
    kept = without_secrets(path, text.encode()).decode()
    assert SECRET not in kept
    assert b64(f"u:{SECRET}") not in kept
    assert b64(SECRET) not in kept
    assert b64(KEY) not in kept


def test_what_a_builder_was_given_is_kept_without_its_keys() -> None:
    toml = '[registry."r.example"]\n  ca = ["/etc/buildkit/certs/r.example/ca.pem"]\n'
    files = {"buildkitd.toml": b64(toml), "certs/r.example/key.pem": b64(KEY)}
    options = {"env.HTTPS_PROXY": f"http://u:{SECRET}@p.example", "image": "moby/buildkit:v0.12.5"}
    text = json.dumps(
        {
            "Name": "b",
            "Driver": "docker-container",
            "Nodes": [{"Files": files} | {"DriverOpts": options}],
        }
    )
    kept = json.loads(without_secrets("/h/.docker/buildx/instances/b", text.encode()))
    (node,) = kept["Nodes"]
    assert kept["Driver"] == "docker-container"
    assert base64.b64decode(node["Files"]["buildkitd.toml"]).decode() == toml
    held = base64.b64decode(node["Files"]["certs/r.example/key.pem"]).decode()
    assert "PRIVATE KEY" in held
    assert SECRET not in held
    assert node["DriverOpts"] == {
        "env.HTTPS_PROXY": "http://u:redacted@p.example",
        "image": "moby/buildkit:v0.12.5",
    }


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
