"""skopeo-auth-file-permission."""

from __future__ import annotations

from regdoctor.observations.auth import LoginFile
from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import found, registry_seen
from tests.fixtures.scenes.auth import codes, login_file, logins

CODE = "skopeo-auth-file-permission"
PATH = "/run/containers/1000/auth.json"


def test_fires_for_any_registry_as_podman_reads_the_file_first() -> None:
    seen = logins(registry_seen(), LoginFile(PATH, "podman", "unreadable", "EACCES"))
    seen.add(HOST, AskedClients(("podman",)))
    findings = found(seen)
    assert set(findings) == {CODE}
    assert (findings[CODE].severity, findings[CODE].breaks) == ("error", ("podman",))
    assert PATH in findings[CODE].fixes[0].commands[0]


def test_quiet_for_a_file_that_is_not_there_or_is_dockers() -> None:
    assert codes(logins(registry_seen(), LoginFile(PATH, "podman", "missing"))) == set()
    assert codes(logins(registry_seen(), login_file(PATH, "podman"))) == set()
    dockers = LoginFile("/root/.docker/config.json", "docker", "unreadable", "EACCES")
    assert codes(logins(registry_seen(), dockers)) == set()
