"""dockerhub-config-key-mismatch."""

from __future__ import annotations

import pytest

from regdoctor.observations.auth import LoginEntry
from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import bearer, challenged, codes, login_file, logins

CODE = "dockerhub-config-key-mismatch"
RIGHT = "https://index.docker.io/v1/"


def hub(*keys: str, **more: str) -> Observations:
    entries = tuple(LoginEntry(key, "password", "me") for key in keys)
    seen = logins(challenged(bearer("registry.docker.io")), login_file(entries=entries, **more))  # type: ignore[arg-type]
    seen.add(HOST, AskedClients(("docker",)))
    return seen


@pytest.mark.parametrize(
    "key", ["docker.io", "registry-1.docker.io", "https://index.docker.io/v2/"]
)
def test_fires_for_a_key_that_docker_ignores(key: str) -> None:
    findings = found(hub(key))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "warning"
    assert f'+    "{RIGHT}"' in findings[CODE].fixes[0].files[0].diff


def test_quiet_with_the_right_key_a_helper_or_at_another_registry() -> None:
    assert codes(hub(RIGHT, "docker.io")) == set()
    assert codes(hub("docker.io", store="pass")) == set()
    assert codes(hub("quay.io")) == set()
    other = logins(challenged(bearer()), login_file(entries=(LoginEntry("docker.io", "password"),)))
    assert codes(other) == set()
