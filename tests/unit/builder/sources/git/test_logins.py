"""What git is told of logins, and where."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from builder.sources.errors import SourceError
from builder.sources.git.logins import http_login, ssh_command
from builder.sources.git.wanted import GitWanted

NAMES = {"git.authheadersecret": "GIT_AUTH_HEADER", "git.authtokensecret": "GIT_AUTH_TOKEN"}


def wanted(url: str = "https://host:8443/a.git", **attrs: str) -> GitWanted:
    return GitWanted.of("git://x", {"git.fullurl": url, **NAMES, **attrs})


def login(secrets: dict[str, bytes], url: str = "https://host:8443/a.git") -> tuple[str, str]:
    found = http_login(wanted(url), secrets.get)
    assert all("REGDOCTOR" in value for key, value in found.config if key.endswith(".helper"))
    return tuple(found.secrets.values())  # type: ignore[return-value]


def test_the_secrets_of_the_host_come_first() -> None:
    secrets = {"GIT_AUTH_TOKEN": b"any", "GIT_AUTH_HEADER": b"basic YTpi"}
    assert login(secrets) == ("a", "b")
    secrets["GIT_AUTH_TOKEN.host:8443"] = b"mine"
    assert login(secrets) == ("x-access-token", "mine")
    secrets["GIT_AUTH_HEADER.host:8443"] = b"Basic Yzpk"
    assert login(secrets) == ("c", "d")
    assert login({"GIT_AUTH_TOKEN": b"any"}) == ("x-access-token", "any")
    assert login({}) == ()


def test_a_login_in_the_url_comes_last() -> None:
    url = "https://me:word@host/a.git"
    assert login({}, url) == ("me", "word")
    assert login({"GIT_AUTH_TOKEN": b"any"}, url) == ("x-access-token", "any")


def test_a_login_is_for_one_remote_and_on_github_for_all() -> None:
    for url, scope in (
        ("https://host/a.git", "https://host/a.git"),
        ("https://github.com/o/r.git", "https://github.com/"),
    ):
        found = http_login(wanted(url), {"GIT_AUTH_TOKEN": b"t"}.get)
        assert [key for key, _ in found.config] == [f"credential.{scope}.helper"]


def test_no_secret_is_in_what_git_is_told_but_for_a_header_of_its_own_kind() -> None:
    found = http_login(wanted(), {"GIT_AUTH_TOKEN": b"hunter2"}.get)
    assert "hunter2" not in str(found.config)
    assert "hunter2" not in repr(found)
    found = http_login(wanted(), {"GIT_AUTH_HEADER": b"bearer hunter2"}.get)
    scope = "http.https://host:8443/a.git"
    assert found.config == (
        (f"{scope}.extraHeader", "Authorization: bearer hunter2"),
        (f"{scope}.followRedirects", "false"),
    )


@pytest.mark.parametrize("secret", [b"t\n", b"bearer a\r\nX: y", b"basic YQo6Yg=="])
def test_a_secret_that_would_end_its_line_is_refused(secret: bytes) -> None:
    with pytest.raises(SourceError, match="line break") as refused:
        http_login(wanted(), {"GIT_AUTH_HEADER": secret}.get)
    assert refused.value.hint


def test_other_protocols_have_no_such_login() -> None:
    found = http_login(wanted("git@host:a"), {"GIT_AUTH_TOKEN": b"t"}.get)
    assert found.config == ()


def options(command: str) -> dict[str, str]:
    words = shlex.split(command)
    assert words[:3] == ["ssh", "-F", "/dev/null"]
    assert all(word.startswith("-o") for word in words[3:])
    return dict(word[2:].split("=", 1) for word in words[3:])  # type: ignore[misc]


def test_ssh_has_the_lent_keys_and_no_others(tmp_path: Path) -> None:
    environ = {"HOME": "/home/me", "SSH_AUTH_SOCK": "/mine"}
    said = options(ssh_command(wanted("git@h:a"), tmp_path, None, environ))
    assert (said["IdentityFile"], said["IdentityAgent"]) == ("none", "none")
    assert said["StrictHostKeyChecking"] == "accept-new"
    assert "/home/me/.ssh/known_hosts" in said["GlobalKnownHostsFile"]
    said = options(ssh_command(wanted("git@h:a"), tmp_path, Path("/lent sock"), {}))
    assert said["IdentityAgent"] == "/lent sock"


def test_hosts_that_the_definition_knows_must_show_those_keys(tmp_path: Path) -> None:
    known = wanted("git@h:a", **{"git.knownsshhosts": "h ssh-ed25519 AAAA"})
    said = options(ssh_command(known, tmp_path, None, {"HOME": "/home/me"}))
    assert said["StrictHostKeyChecking"] == "yes"
    assert said["GlobalKnownHostsFile"] == "/dev/null"
    assert Path(said["UserKnownHostsFile"]).read_text() == "h ssh-ed25519 AAAA"
