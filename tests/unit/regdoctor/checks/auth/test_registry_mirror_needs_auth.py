"""registry-mirror-needs-auth: by whose configuration, and with whose login."""

from __future__ import annotations

from regdoctor.observations.http import CredentialUse, TokenAnswer
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found, registry_seen

CODE = "registry-mirror-needs-auth"
BASIC = ("WWW-Authenticate", 'Basic realm="mirror"')
BEARER = ("WWW-Authenticate", 'Bearer realm="https://registry.example:5000/token",service="m"')


def mirror(challenge: tuple[str, str] | None, *clients: str) -> Observations:
    role = Role(
        "mirror",
        ("docker.io",),
        "registry.example:5000",
        ("/etc/docker/daemon.json",),
        clients or ("docker", "regdoctor"),
    )
    ping = answer("GET", "/v2/", 401, challenge) if challenge else answer()
    return registry_seen(ping=ping, role=role)


def test_fires_for_a_mirror_that_wants_a_password() -> None:
    finding = found(mirror(BASIC))[CODE]
    assert finding.breaks == ("docker", "regdoctor")
    assert finding.severity == "error"
    assert any("/etc/docker/daemon.json" in evidence.fact for evidence in finding.evidence)


def test_a_login_helps_us_but_never_dockerd() -> None:
    seen = mirror(BASIC)
    seen.add(HTTPS, CredentialUse("registry.example:5000", present=True, source="config.json"))
    finding = found(seen)[CODE]
    assert finding.breaks == ("docker",)
    assert finding.severity == "info"


def test_quiet_where_a_login_is_all_that_the_only_client_needs() -> None:
    seen = mirror(BASIC, "regdoctor")
    seen.add(HTTPS, CredentialUse("registry.example:5000", present=True, source="config.json"))
    assert CODE not in found(seen)


def test_quiet_where_the_token_service_serves_anybody() -> None:
    seen = mirror(BEARER)
    token = TokenAnswer("https://registry.example:5000/token", "", answer(), granted=True)
    seen.add(HTTPS, token, name="repository:library/alpine:pull")
    assert CODE not in found(seen)


def test_fires_where_the_token_service_refuses_anybody() -> None:
    seen = mirror(BEARER)
    refused = answer("GET", "/token", 401)
    token = TokenAnswer("https://registry.example:5000/token", "", refused, granted=False)
    seen.add(HTTPS, token, name="repository:library/alpine:pull")
    assert CODE in found(seen)


def test_quiet_for_a_mirror_that_is_open() -> None:
    assert found(mirror(None)) == {}


def test_quiet_for_a_registry_that_is_nobodys_mirror() -> None:
    assert CODE not in found(registry_seen(ping=answer("GET", "/v2/", 401, BASIC)))


def test_a_warning_where_the_origin_answers() -> None:
    seen = mirror(BASIC)
    origin = "https://registry-1.docker.io"
    role = Role("registry", ("docker.io",), "registry-1.docker.io")
    registry_seen(origin, ping=answer("GET", "/v2/", 401, endpoint=origin), role=role, seen=seen)
    assert found(seen)[CODE].severity == "warning"
