"""tls-handshake-failure."""

from __future__ import annotations

from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import HTTP, HTTPS, answer, found, questions, registry_seen

CODE = "tls-handshake-failure"


def test_fires_with_the_alert_of_the_server() -> None:
    seen = registry_seen()
    served = ServedChain("registry.example", fault="alert", alert="internal_error", text="alert")
    seen.add(HTTPS, served)
    assert "(internal_error)" in found(seen)[CODE].title


def test_a_timeout_names_its_two_causes_as_questions() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example", fault="timeout", text="no ServerHello"))
    assert CODE in found(seen)
    assert {
        "tls-handshake-timeout-mtu-blackhole",
        "tls-handshake-timeout-post-quantum-clienthello",
    } <= set(questions(seen))


def test_quiet_where_certificates_came() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example"))
    assert CODE not in found(seen)


def test_quiet_where_the_port_speaks_http() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example", fault="closed", text="closed"))
    seen.add(HTTPS, PlainAnswer(answer(endpoint=HTTP)))
    codes = found(seen)
    assert not {code for code in codes if code.startswith(("tls-", "https-eof"))}
    assert "http-response-to-https-client" in codes
