"""middlebox-answers-plain-http-on-443: no public registry answers in the clear."""

from __future__ import annotations

from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import HTTPS, answer, found, registry_seen

CODE = "middlebox-answers-plain-http-on-443"
CLEAR = ServedChain("ghcr.io", fault="plain-http", text="HTTP", first_bytes=b"HTTP/1.1 302 Found")


def spoken(endpoint: str, served: ServedChain = CLEAR) -> Observations:
    written = endpoint.partition("://")[2]
    seen = registry_seen(endpoint, role=Role("registry", (written,), written))
    seen.add(endpoint, served)
    portal = ("Location", "http://portal.corp.example/login?from=x")
    seen.add(endpoint, PlainAnswer(answer("GET", "/v2/", 302, portal, endpoint=endpoint)))
    return seen


def test_fires_for_a_public_host_and_shows_who_answered() -> None:
    codes = found(spoken("https://ghcr.io"))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert "at 192.0.2.1" in finding.title
    assert finding.evidence[-1].fact == "Location: http://portal.corp.example/login"
    assert any("do not put the host" in each.title for each in finding.fixes)


def test_quiet_for_a_private_registry() -> None:
    assert set(found(spoken(HTTPS))) == {"http-response-to-https-client"}


def test_quiet_for_a_public_host_that_speaks_tls() -> None:
    assert CODE not in found(spoken("https://ghcr.io", ServedChain("ghcr.io")))
