"""skopeo-container-ignores-mounted-config-credsstore."""

from __future__ import annotations

from regdoctor.observations.auth import LoginEntry, LoginFile
from tests.fixtures.scenes import WRITTEN, found, registry_seen
from tests.fixtures.scenes.auth import basic, challenged, codes, login_file, logins

CODE = "skopeo-container-ignores-mounted-config-credsstore"
MOUNTED = login_file(entries=(LoginEntry(WRITTEN, "empty"),), store="desktop")
MISSING = ("docker-credential-desktop",)
LOGIN = login_file(entries=(LoginEntry(WRITTEN, "password", "me"),))
ELSEWHERE = LoginFile("/tmp/auth.json", "podman", "missing")


def test_fires_in_a_container_whose_secret_stayed_outside() -> None:
    seen = logins(challenged(basic()), MOUNTED, missing=MISSING, container=True)
    findings = found(seen)
    assert set(findings) == {CODE}
    assert "keychain" in findings[CODE].evidence[0].fact


def test_fires_where_registry_auth_file_points_past_the_login() -> None:
    seen = logins(challenged(basic()), LOGIN, ELSEWHERE, auth_file="/tmp/auth.json")
    assert codes(seen) == {CODE}


def test_quiet_outside_of_a_container_where_the_helper_is_just_missing() -> None:
    seen = logins(challenged(basic()), MOUNTED, missing=MISSING)
    assert codes(seen) == {"credential-helper-not-in-path"}


def test_quiet_where_the_file_is_read_or_no_login_is_needed() -> None:
    assert codes(logins(challenged(basic()), LOGIN, ELSEWHERE)) == set()
    own = login_file("/tmp/auth.json", "podman", entries=LOGIN.entries)
    assert codes(logins(challenged(basic()), LOGIN, own, auth_file="/tmp/auth.json")) == set()
    seen = logins(registry_seen(), LOGIN, ELSEWHERE, auth_file="/tmp/auth.json")
    assert codes(seen) == set()
