"""How git logs in: secrets of the build, or what stands in the URL, for that remote alone.

Nothing secret is an argument: what the process list shows, and what is written to a
repository's config, is the name of a variable. A password goes through a credential helper,
which git asks only when a server wants a login, and only for the host that it is meant for.
"""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.sources.errors import SourceError
from builder.sources.git.wanted import GitWanted, Login

SecretOf = Callable[[str], bytes | None]

_USER, _PASSWORD = "REGDOCTOR_GIT_USER", "REGDOCTOR_GIT_PASSWORD"
_HELPER = (
    '!answer() { test "$1" = get && '
    f"""printf 'username=%s\\npassword=%s\\n' "${_USER}" "${_PASSWORD}"; }}; answer"""
)
_GITHUB = ("https://github.com/", "https://www.github.com/")


@dataclass(frozen=True, slots=True)
class HttpLogin:
    """Settings of git, and the variables that they refer to."""

    config: tuple[tuple[str, str], ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def http_login(wanted: GitWanted, secret_of: SecretOf) -> HttpLogin:
    """The first that there is: the secrets of the host, those of any host, the URL's own.

    Raises SourceError for a secret that is no header.
    """
    if not wanted.remote.startswith(("http://", "https://")):
        return HttpLogin()
    scope = next((prefix for prefix in _GITHUB if wanted.remote.startswith(prefix)), wanted.remote)
    for name, is_token in _names(wanted):
        data = secret_of(name)
        if data is None:
            continue
        text = _text(name, data)
        login = Login("x-access-token", text) if is_token else _basic(text)
        if login is not None:
            return _helper(scope, login)
        # git sends it with every request, whoever answers: so nobody may send it elsewhere
        return HttpLogin(
            (
                (f"http.{scope}.extraHeader", f"Authorization: {text}"),
                (f"http.{scope}.followRedirects", "false"),
            )
        )
    if wanted.login is not None:
        return _helper(scope, wanted.login)
    return HttpLogin()


def _names(wanted: GitWanted) -> Iterator[tuple[str, bool]]:
    """Secrets in BuildKit's order; True for those that are tokens."""
    for suffix in (f".{wanted.host}", ""):
        if wanted.header_secret:
            yield wanted.header_secret + suffix, False
        if wanted.token_secret:
            yield wanted.token_secret + suffix, True


def _text(name: str, data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise SourceError(
            f"secret {name}: a line break or control character is no part of a login",
            hint="a file made with echo ends in a line break: write it with printf %s",
        )
    return text


def _basic(header: str) -> Login | None:
    """The user and password of a ``Basic`` header."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return None
    user, colon, password = _text("", decoded).partition(":")
    return Login(user, password) if colon else None


def _helper(scope: str, login: Login) -> HttpLogin:
    return HttpLogin(
        ((f"credential.{scope}.helper", _HELPER),),
        {_USER: login.user, _PASSWORD: login.password},
    )


def ssh_command(
    wanted: GitWanted, directory: Path, agent: Path | None, environ: Mapping[str, str]
) -> str:
    """ssh with the keys of ``agent`` and no others, and no word of anybody's config.

    Hosts that ``known_hosts`` of the op names, or without it those that this host's files
    name, must show those keys; others are believed as they come, as BuildKit does.
    ``directory`` is empty, and this run's own.
    """
    options = {
        "BatchMode": "yes",
        "IdentityFile": "none",
        "IdentityAgent": str(agent) if agent is not None else "none",
        "ProxyCommand": "none",
        "PermitLocalCommand": "no",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": "30",
        "ServerAliveInterval": "60",
        "UserKnownHostsFile": str(directory / "known_hosts"),
    }
    if wanted.known_hosts:
        (directory / "known_hosts").write_text(wanted.known_hosts)
        options["GlobalKnownHostsFile"] = "/dev/null"
        options["StrictHostKeyChecking"] = "yes"
    else:
        known = ["/etc/ssh/ssh_known_hosts"]
        home = environ.get("HOME", "")
        if home and not any(char.isspace() or char in '"%' for char in home):
            known.append(f"{home}/.ssh/known_hosts")
        options["GlobalKnownHostsFile"] = " ".join(known)
        options["StrictHostKeyChecking"] = "accept-new"
    arguments = [f"-o{name}={value}" for name, value in options.items()]
    return shlex.join(["ssh", "-F", "/dev/null", *arguments])
