"""mtls-client-certificate-required."""

from __future__ import annotations

from regdoctor.observations.host import HostFiles
from regdoctor.observations.http import Answer
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import HTTPS, answer, found, host_files, registry_seen

CODE = "mtls-client-certificate-required"
ALERT = Answer("GET", HTTPS + "/v2/", fault="tls", text="remote error: tls: certificate required")
NGINX = answer("GET", "/v2/", 400, kind="text/html", body="No required SSL certificate was sent")


def asked_for(ping: Answer, *, requested: bool = True) -> Observations:
    seen = registry_seen(ping=ping)
    served = ServedChain("registry.example", client_certificate_requested=requested)
    seen.add(HTTPS, served)
    return seen


def test_fires_for_the_alert_and_for_nginxs_page() -> None:
    for ping in (ALERT, NGINX):
        codes = found(asked_for(ping))
        assert codes[CODE].severity == "error"
        assert set(codes) == {CODE}


def test_does_not_break_a_client_that_has_a_pair() -> None:
    client = CertificateAuthority("Client CA").client()
    seen = asked_for(ALERT)
    directory = "/etc/docker/certs.d/registry.example:5000"
    files = host_files(
        {f"{directory}/client.cert": client.pem, f"{directory}/client.key": client.key_pem}
    )
    seen.add(HOST, HostFiles(files.files, files.directories))
    assert "docker" not in found(seen)[CODE].breaks


def test_quiet_where_a_certificate_is_asked_for_and_not_missed() -> None:
    assert CODE not in found(asked_for(answer()))


def test_quiet_where_none_was_asked_for() -> None:
    assert CODE not in found(asked_for(NGINX, requested=False))
