"""credential-helper-not-in-path."""

from __future__ import annotations

from regdoctor.observations.http import CredentialUse
from regdoctor.observations.store import Failure
from tests.fixtures.scenes import HTTPS, WRITTEN, found, registry_seen
from tests.fixtures.scenes.auth import basic, challenged, codes, login_file, logins

CODE = "credential-helper-not-in-path"
MISSING = ("docker-credential-desktop",)


def test_fires_for_the_store_of_all_registries_and_breaks_docker() -> None:
    seen = logins(registry_seen(), login_file(store="desktop"), missing=MISSING)
    findings = found(seen)
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == ("docker", "buildkit")
    assert findings[CODE].severity == "info"
    assert '"credsStore": "desktop"' in findings[CODE].fixes[0].files[0].diff


def test_fires_as_an_error_where_we_could_not_log_in_ourselves() -> None:
    seen = logins(challenged(basic()), login_file(helpers={WRITTEN: "desktop"}), missing=MISSING)
    why = "docker-credential-desktop: No such file or directory"
    seen.add(HTTPS, Failure(CredentialUse.__name__, "credentials", why))
    findings = found(seen)
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "error"


def test_quiet_for_a_helper_that_is_there_or_of_another_registry() -> None:
    assert codes(logins(registry_seen(), login_file(store="desktop"))) == set()
    other = login_file(helpers={"other.example": "desktop"})
    assert codes(logins(registry_seen(), other, missing=MISSING)) == set()
