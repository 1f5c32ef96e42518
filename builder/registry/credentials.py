"""Who we are at a registry: docker's ``config.json`` and podman's ``auth.json``."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from builder.registry.errors import CredentialError

HUB_KEY = "https://index.docker.io/v1/"
"""Under what docker keeps the credential of Docker Hub."""

_HUB_NAMES = frozenset(("docker.io", "index.docker.io", "registry-1.docker.io"))
_NOT_FOUND = "credentials not found in native keychain"
_HELPER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Credential:
    """One of: user and password, an identity (refresh) token, a ready bearer token.

    ``source`` says where it was found (file or helper, and key); secrets are never shown.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    source: str = ""


class CredentialFile(Struct, frozen=True):
    """A file in docker's form; ``kind`` decides how its keys are matched."""

    path: Path
    kind: Literal["docker", "podman"]

    def load(self) -> Mapping[str, Any] | None:
        """Its content; None where there is none. Raises CredentialError."""
        try:
            data = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CredentialError(
                f"{self.path}: {error.strerror}",
                hint="make the file readable for the user that runs this",
            ) from error
        if not data.strip():
            return {}
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            where = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
            why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise CredentialError(f"{self.path}: {where}not JSON: {why}") from error
        if not isinstance(document, dict):
            raise CredentialError(f"{self.path}: not a JSON object")
        return document


def credential_files(environ: Mapping[str, str], home: Path | None) -> tuple[CredentialFile, ...]:
    """Where credentials are looked for, in order; the first file with one for a host wins.

    docker's file first (``$DOCKER_CONFIG``, else ``~/.docker``), then podman's:
    ``$REGISTRY_AUTH_FILE`` or, without it, the runtime and the configuration directory.
    """
    files: list[CredentialFile] = []
    if environ.get("DOCKER_CONFIG"):
        files.append(CredentialFile(Path(environ["DOCKER_CONFIG"]) / "config.json", "docker"))
    elif home is not None:
        files.append(CredentialFile(home / ".docker" / "config.json", "docker"))
    if environ.get("REGISTRY_AUTH_FILE"):
        return (*files, CredentialFile(Path(environ["REGISTRY_AUTH_FILE"]), "podman"))
    places = []
    if environ.get("XDG_RUNTIME_DIR"):
        places.append(Path(environ["XDG_RUNTIME_DIR"]))
    if environ.get("XDG_CONFIG_HOME"):
        places.append(Path(environ["XDG_CONFIG_HOME"]))
    elif home is not None:
        places.append(home / ".config")
    files += [CredentialFile(place / "containers" / "auth.json", "podman") for place in places]
    return tuple(files)


class CredentialStore:
    """Answers once per host and repository; helpers run at most once for each server.

    ``given`` are credentials from elsewhere (a command line), by ``host[:port]``; they win.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        home: Path | None = None,
        given: Mapping[str, Credential] | None = None,
    ) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        if home is None and self._environ.get("HOME"):
            home = Path(self._environ["HOME"])
        self._files = credential_files(self._environ, home)
        self._given = dict(given or {})
        self._documents: dict[Path, Mapping[str, Any] | None] = {}
        self._helped: dict[tuple[str, str], asyncio.Task[Credential | None]] = {}

    @property
    def files(self) -> tuple[CredentialFile, ...]:
        return self._files

    async def lookup(self, host: str, repository: str = "") -> Credential | None:
        """The credential for ``host[:port]`` as it is contacted; None: anonymous.

        Docker Hub is known by any of its names. ``repository`` matters to podman's files,
        whose keys may go on with a path. Raises CredentialError.
        """
        given = self._given.get("docker.io" if host in _HUB_NAMES else host)
        if given is not None:
            return given
        for file in self._files:
            if file.path not in self._documents:
                self._documents[file.path] = file.load()
            document = self._documents[file.path]
            if document:
                found = await self._in_file(file, document, host, repository)
                if found is not None:
                    return found
        return None

    async def _in_file(
        self, file: CredentialFile, document: Mapping[str, Any], host: str, repository: str
    ) -> Credential | None:
        server = HUB_KEY if host in _HUB_NAMES and file.kind == "docker" else host
        helpers = _table(file, document, "credHelpers")
        for name in _names(host):
            if isinstance(helpers.get(name), str) and helpers[name]:
                return await self._helper(helpers[name], server if name != host else name)
        store = document.get("credsStore")
        if isinstance(store, str) and store:
            found = await self._helper(store, server)
            if found is not None:
                return found
        return _in_auths(file, _table(file, document, "auths"), host, repository)

    async def _helper(self, name: str, server: str) -> Credential | None:
        key = (name, server)
        if key not in self._helped:
            self._helped[key] = asyncio.create_task(run_helper(name, server, self._environ))
        return await asyncio.shield(self._helped[key])


async def call_helper(
    name: str, action: str, text: str, environ: Mapping[str, str]
) -> tuple[int, str]:
    """Runs ``docker-credential-NAME ACTION`` with ``text`` as input; its status and output.

    What it says on stderr counts where stdout is empty. Raises CredentialError where it is
    missing, or silent for a minute.
    """
    program = f"docker-credential-{name}"
    if "/" in name:
        raise CredentialError(f"{program}: not a name of a credential helper")
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            action,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environ),
        )
    except OSError as error:
        raise CredentialError(
            f"{program}: {error.strerror}",
            hint="install the helper, or take it out of credsStore and credHelpers",
        ) from error
    try:
        async with asyncio.timeout(_HELPER_SECONDS):
            output, complaint = await process.communicate(text.encode())
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise CredentialError(f"{program}: no answer in {_HELPER_SECONDS:.0f} seconds") from error
    return process.returncode or 0, (output or complaint).decode("utf-8", "replace")


async def run_helper(name: str, server: str, environ: Mapping[str, str]) -> Credential | None:
    """Asks ``docker-credential-NAME get``; None where it has nothing for ``server``.

    Raises CredentialError: the helper is missing, failed, or printed no credential.
    """
    program = f"docker-credential-{name}"
    status, output = await call_helper(name, "get", server, environ)
    if status != 0:
        if _NOT_FOUND in output:
            return None
        words = output.strip().splitlines()
        raise CredentialError(f"{program}: {words[0] if words else f'exit status {status}'}")
    try:
        answer = json.loads(output)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise CredentialError(f"{program}: printed no credential") from error
    source = f"{program} {server}"
    if user == "<token>":
        return Credential(identity_token=secret, source=source)
    return Credential(user, secret, source=source) if user or secret else None


def docker_key(host: str) -> str:
    """Under what docker keeps a credential for ``host[:port]``."""
    return HUB_KEY if host in _HUB_NAMES else host


def _table(file: CredentialFile, document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CredentialError(f"{file.path}: {key}: not a JSON object")
    return value


def _names(host: str) -> Iterator[str]:
    yield host
    if host in _HUB_NAMES:
        yield HUB_KEY
        yield from sorted(_HUB_NAMES - {host})


def _in_auths(
    file: CredentialFile, auths: Mapping[str, Any], host: str, repository: str
) -> Credential | None:
    for key in _keys(file, auths, host, repository):
        credential = _entry(file, key, auths[key])
        if credential is not None:
            return credential
    return None


def _keys(
    file: CredentialFile, auths: Mapping[str, Any], host: str, repository: str
) -> Iterator[str]:
    """The keys of ``auths`` that speak of ``host``, best first."""
    if file.kind == "podman" and repository:
        parts = repository.split("/")
        for name in ("docker.io", host) if host in _HUB_NAMES else (host,):
            for length in range(len(parts), 0, -1):
                key = "/".join((name, *parts[:length]))
                if key in auths:
                    yield key
    best = HUB_KEY if host in _HUB_NAMES else host
    if best in auths:
        yield best
    wanted = _HUB_NAMES if host in _HUB_NAMES else {host}
    for key in auths:
        if key != best and _hostname(file, key) in wanted:
            yield key


def _hostname(file: CredentialFile, key: str) -> str:
    """``host[:port]`` of a key that old clients wrote as a URL."""
    stripped = key.removeprefix("https://").removeprefix("http://")
    if file.kind == "podman" and stripped == key and "/" in key:
        return ""  # a path of podman's, for that part of the registry alone
    return stripped.partition("/")[0]


def _entry(file: CredentialFile, key: str, entry: object) -> Credential | None:
    if not isinstance(entry, dict):
        raise CredentialError(f"{file.path}: auths: {key}: not a JSON object")
    texts = {name: value for name, value in entry.items() if isinstance(value, str)}
    user, password = texts.get("username", ""), texts.get("password", "")
    if texts.get("auth"):
        user, password = _decoded(file, key, texts["auth"])
    credential = Credential(
        user,
        password,
        texts.get("identitytoken", ""),
        texts.get("registrytoken", ""),
        source=f"{file.path} {key}",
    )
    if user == "<token>" and password:
        credential = Credential(identity_token=password, source=credential.source)
    has_any = user or password or credential.identity_token or credential.registry_token
    return credential if has_any else None


def _decoded(file: CredentialFile, key: str, auth: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(auth.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise CredentialError(f"{file.path}: auths: {key}: auth is not base64") from error
    user, colon, password = text.partition(":")
    if not colon:
        raise CredentialError(f"{file.path}: auths: {key}: auth is not user:password in base64")
    return user, password.strip("\0")
