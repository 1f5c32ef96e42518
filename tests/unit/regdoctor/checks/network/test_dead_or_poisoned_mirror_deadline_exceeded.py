"""dead-or-poisoned-mirror-deadline-exceeded: a mirror that lets clients wait."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.network import (
    ConnectAttempt,
    Connection,
    ResolverAnswer,
    ResolverAnswers,
    Role,
)
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "dead-or-poisoned-mirror-deadline-exceeded"
SILENT = ConnectAttempt("192.0.2.1:5000", "timeout", "no answer in 10 s", 10.0)
MIRROR = Role(
    "mirror",
    ("docker.io",),
    "registry.example:5000",
    origins=("/etc/docker/daemon.json",),
    asked_by=("docker", "regdoctor"),
)


def contacted(role: Role, *attempts: ConnectAttempt) -> Observations:
    seen = registry_seen(role=role)
    seen.add(HTTPS, Connection(attempts))
    return seen


def test_fires_for_a_mirror_at_which_nobody_answers() -> None:
    codes = found(contacted(MIRROR, SILENT))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert finding.breaks == ("docker", "regdoctor")
    assert "/etc/docker/daemon.json" in finding.evidence[-1].fact
    assert finding.fixes[0].files[0].path == "/etc/docker/daemon.json"


def test_resolvers_that_disagree_are_told() -> None:
    seen = contacted(MIRROR, SILENT)
    answers = (
        ResolverAnswer("192.0.2.53", "A", "NOERROR", ("192.0.2.1",)),
        ResolverAnswer("192.0.2.54", "A", "NOERROR", ("198.51.100.7",)),
    )
    seen.add(HTTPS, ResolverAnswers("registry.example", answers))
    assert "the resolvers disagree about its address" in found(seen)[CODE].title


def test_quiet_for_a_registry_that_is_silent() -> None:
    role = replace(MIRROR, kind="registry", domains=("registry.example:5000",))
    assert set(found(contacted(role, SILENT))) == {"tcp-connect-failure"}


def test_quiet_for_a_mirror_that_refuses() -> None:
    refused = ConnectAttempt("192.0.2.1:5000", "refused", "connection refused")
    assert set(found(contacted(MIRROR, refused))) == {"tcp-connect-failure"}
