"""dns-lookup-failure."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found, registry_seen

CODE = "dns-lookup-failure"


def unresolved(fault: str = "no-such-host") -> Observations:
    seen = Observations()
    seen.add(HTTPS, Role("registry", ("registry.example:5000",), "registry.example:5000"))
    seen.add(HTTPS, Resolution("registry.example", fault=fault, text="no such host"))  # type: ignore[arg-type]
    return seen


def test_fires_for_a_name_that_no_resolver_knows() -> None:
    finding = found(unresolved())[CODE]
    assert finding.severity == "error"
    assert "no resolver of this host knows the name" in finding.title
    assert "for containers and does not matter here" in finding.fixes[0].title


def test_a_resolver_that_fails_is_told_apart_from_a_name_that_is_unknown() -> None:
    assert "SERVFAIL" in found(unresolved("temporary"))[CODE].title


def test_quiet_where_the_name_resolves() -> None:
    assert found(registry_seen()) == {}


def test_quiet_behind_a_proxy_which_resolves_names_itself() -> None:
    seen = unresolved()
    seen.add(HTTPS, Connection((), via="http://proxy.example:3128"))
    assert CODE not in found(seen)


def test_a_warning_for_a_mirror_whose_origin_answers() -> None:
    seen = unresolved()
    seen.add(
        HTTPS,
        Role("mirror", ("docker.io",), "registry.example:5000", asked_by=("regdoctor",)),
    )
    origin = "https://registry-1.docker.io"
    ping = answer("GET", "/v2/", 401, endpoint=origin)
    role = Role("registry", ("docker.io",), "registry-1.docker.io")
    registry_seen(origin, ping=ping, role=role, seen=seen)
    assert found(seen)[CODE].severity == "warning"
    seen.add(HTTPS, replace(role, kind="registry", domains=("registry.example:5000",)))
    assert found(seen)[CODE].severity == "error"


def test_the_resolvers_that_were_asked_are_named() -> None:
    seen = registry_seen()
    servers = ("192.0.2.53", "2001:db8::53")
    seen.add(HTTPS, Resolution("registry.example", fault="temporary", servers=servers))
    facts = [each.fact for each in found(seen)[CODE].evidence]
    assert facts[-1] == "asked by /etc/resolv.conf: 192.0.2.53 and 2001:db8::53"
