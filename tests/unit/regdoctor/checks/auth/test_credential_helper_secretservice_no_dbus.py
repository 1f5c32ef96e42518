"""credential-helper-secretservice-no-dbus."""

from __future__ import annotations

from regdoctor.observations.http import CredentialUse
from regdoctor.observations.store import Failure
from tests.fixtures.scenes import HTTPS, found, registry_seen
from tests.fixtures.scenes.auth import basic, challenged, codes, login_file, logins, refused

CODE = "credential-helper-secretservice-no-dbus"
STORE = login_file(store="secretservice")


def test_fires_on_the_helpers_own_words() -> None:
    seen = logins(challenged(basic()), STORE)
    why = "docker-credential-secretservice: Cannot autolaunch D-Bus without X11 $DISPLAY"
    seen.add(HTTPS, Failure(CredentialUse.__name__, "credentials", why))
    findings = found(seen)
    assert set(findings) == {CODE}
    assert (findings[CODE].severity, findings[CODE].confidence) == ("error", "certain")


def test_fires_where_docker_would_pick_the_keyring_for_the_login_that_is_missing() -> None:
    findings = found(logins(refused(), login_file(), default_store="secretservice"))
    assert findings[CODE].confidence == "likely"
    assert "docker login will fail" in findings[CODE].title


def test_quiet_with_a_bus_without_the_helper_and_where_no_login_is_needed() -> None:
    assert CODE not in codes(logins(challenged(basic()), STORE, bus=True))
    assert CODE not in codes(
        logins(challenged(basic()), STORE, missing=("docker-credential-secretservice",))
    )
    assert codes(logins(registry_seen(), login_file(), default_store="secretservice")) == set()
