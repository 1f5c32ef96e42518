"""How bad a fault is hangs on who would have been served elsewhere."""

from __future__ import annotations

import pytest

from regdoctor.checks.judging import severity_of
from regdoctor.observations.host import AskedClients
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import answer

ORIGIN, MIRROR = "https://registry.example", "https://mirror.example"


@pytest.mark.parametrize(
    ("asked_by", "severity"),
    [((), "info"), (("podman", "docker"), "info"), (("docker",), "error")],
)
def test_a_mirror_serves_those_alone_who_ask_it(asked_by: tuple[str, ...], severity: str) -> None:
    seen = Observations()
    seen.add(HOST, AskedClients(("podman",)))
    seen.add(ORIGIN, Role("registry", ("registry.example",), "registry.example"))
    mirror = Role("mirror", ("registry.example",), "mirror.example", asked_by=asked_by)
    seen.add(MIRROR, mirror)
    head = answer("HEAD", "/v2/team/app/manifests/1", 200, endpoint=MIRROR)
    seen.add(MIRROR, ManifestLook("team/app", "1", head, None, "none", ""), name="team/app:1")
    assert severity_of(seen, ("podman", "docker"), ORIGIN) == severity
