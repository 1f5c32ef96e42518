"""http-response-to-https-client."""

from __future__ import annotations

from regdoctor.observations.host import HostFiles
from regdoctor.observations.http import Answer, PlainAnswer
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import API, HTTP, HTTPS, answer, found, host_files, registry_seen

CODE = "http-response-to-https-client"


def in_the_clear(plain: Answer | None, files: HostFiles | None = None) -> Observations:
    seen = registry_seen()
    seen.add(HOST, files or HostFiles())
    served = ServedChain(
        "registry.example", fault="plain-http", text="HTTP", first_bytes=b"HTTP/1.1 400"
    )
    seen.add(HTTPS, served)
    if plain is not None:
        seen.add(HTTPS, PlainAnswer(plain))
    return seen


def test_fires_for_a_registry_in_the_clear() -> None:
    finding = found(in_the_clear(answer("GET", "/v2/", 200, API, endpoint=HTTP)))[CODE]
    assert "plain HTTP (a registry)" in finding.title
    assert finding.breaks == ("docker", "buildkit", "containerd", "podman", "regdoctor")
    assert [fix.disposition for fix in finding.fixes if fix.client == "docker"] == ["unsafe"]


def test_does_not_break_a_client_that_was_told() -> None:
    files = host_files(
        {
            "/etc/docker/daemon.json": b'{"insecure-registries": ["registry.example:5000"]}',
            "/etc/buildkit/buildkitd.toml": b'[registry."registry.example:5000"]\nhttp = true\n',
            "/etc/containers/registries.conf": b'[[registry]]\nlocation = "registry.example:5000"\n'
            b"insecure = true\n",
        }
    )
    finding = found(in_the_clear(answer("GET", "/v2/", 200, API, endpoint=HTTP), files))[CODE]
    assert finding.breaks == ("containerd", "regdoctor")


def test_plain_http_is_not_advised_where_no_registry_answers() -> None:
    redirect = answer(
        "GET", "/v2/", 301, ("Location", "https://registry.example/v2/"), endpoint=HTTP
    )
    finding = found(in_the_clear(redirect))[CODE]
    assert "points to https://registry.example/v2/" in finding.title
    assert [fix.client for fix in finding.fixes] == ["all clients"]


def test_quiet_for_a_port_that_speaks_tls() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example", fault="closed", text="closed"))
    wants_tls = answer(
        "GET", "/v2/", 400, endpoint=HTTP, body="The plain HTTP request was sent to HTTPS port"
    )
    seen.add(HTTPS, PlainAnswer(wants_tls))
    assert CODE not in found(seen)
