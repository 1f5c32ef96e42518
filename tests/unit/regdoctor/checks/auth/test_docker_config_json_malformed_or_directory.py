"""docker-config-json-malformed-or-directory."""

from __future__ import annotations

import pytest

from regdoctor.observations.auth import LoginEntry, LoginFile
from regdoctor.observations.http import CredentialUse
from regdoctor.observations.store import Failure
from tests.fixtures.scenes import HTTPS, WRITTEN, found, registry_seen
from tests.fixtures.scenes.auth import CONFIG, basic, challenged, codes, login_file, logins

CODE = "docker-config-json-malformed-or-directory"
BROKEN = [
    LoginFile(CONFIG, "docker", "directory"),
    LoginFile(CONFIG, "docker", "malformed", "line 1: Expecting value"),
    login_file(entries=(LoginEntry(WRITTEN, "broken", fault="its auth is not base64"),)),
]


@pytest.mark.parametrize("file", BROKEN)
def test_fires_and_is_the_one_name_of_the_fault(file: LoginFile) -> None:
    seen = logins(challenged(basic()), file)
    seen.add(HTTPS, Failure(CredentialUse.__name__, "credentials", f"{CONFIG}: broken"))
    findings = found(seen)
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == ("docker", "buildkit", "regdoctor")
    assert CONFIG in findings[CODE].title


@pytest.mark.parametrize("file", BROKEN)
def test_quiet_where_nobody_needs_a_login(file: LoginFile) -> None:
    assert codes(logins(registry_seen(), file)) == set()


def test_quiet_about_a_broken_entry_of_another_registry() -> None:
    other = login_file(entries=(LoginEntry("other.example", "broken", fault="not base64"),))
    assert codes(logins(challenged(basic()), other)) == set()
