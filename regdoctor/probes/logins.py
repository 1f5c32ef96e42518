"""Logins on this host, as the files of clients and its PATH have them; never a secret.

No credential helper is run: whether its program is there is all that is looked at.
"""

from __future__ import annotations

import base64
import binascii
import errno
import json
import os
import pwd
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builder.transport.invoker import invoking_uid
from builder.transport.rooted import inside, read_regular
from regdoctor.observations.auth import ContainerdLogins, LoginEntry, LoginFile, Logins

MOST_BYTES = 1 << 20
MOST_ENTRIES = 500
_CONTAINERD = "/etc/containerd/config.toml"
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_PREFIX = "docker-credential-"


@dataclass(frozen=True, slots=True)
class LoginReader:
    """Looks below ``root`` as a process with ``environ`` and ``home`` would."""

    root: Path
    home: str
    environ: Mapping[str, str]

    def read(self) -> Logins:
        """What there is. Blocking; bounded in number and size of files."""
        files = tuple(self._file(path, kind) for path, kind in self._own())
        invoker, theirs = self._invoker()
        others = tuple(self._file(path, kind) for path, kind in theirs)
        named = {file.store for file in files if file.store}
        named |= {helper for file in files for _, helper in file.helpers}
        default = self._default_store(files[0]) if files else ""
        return Logins(
            files=files,
            others=others,
            invoker=invoker,
            missing=tuple(
                sorted(_PREFIX + name for name in named if not self._program(_PREFIX + name))
            ),
            default_store=default,
            bus=self._bus(),
            container=any(self._is_there(mark) for mark in _CONTAINER_MARKS),
            auth_file=self.environ.get("REGISTRY_AUTH_FILE", ""),
            containerd=self._containerd(),
            at=time.time(),
        )

    def _own(self) -> Iterator[tuple[str, Literal["docker", "podman"]]]:
        environ = self.environ
        directory = environ.get("DOCKER_CONFIG") or (f"{self.home}/.docker" if self.home else "")
        if directory:
            yield f"{directory.rstrip('/')}/config.json", "docker"
        if environ.get("REGISTRY_AUTH_FILE"):
            yield environ["REGISTRY_AUTH_FILE"], "podman"
            return
        # containers-auth.json(5): without a runtime directory, one below /run by user number.
        runtime = environ.get("XDG_RUNTIME_DIR")
        yield (
            f"{runtime}/containers/auth.json"
            if runtime
            else f"/run/containers/{invoking_uid()}/auth.json",
            "podman",
        )
        config = environ.get("XDG_CONFIG_HOME") or (f"{self.home}/.config" if self.home else "")
        if config:
            yield f"{config}/containers/auth.json", "podman"

    def _invoker(self) -> tuple[str, tuple[tuple[str, Literal["docker", "podman"]], ...]]:
        """The user before sudo, and where that user's logins are; nobody on another host."""
        name = self.environ.get("SUDO_USER", "")
        if not name or self.root != Path("/") or os.geteuid() != 0:
            return "", ()
        try:
            home = pwd.getpwnam(name).pw_dir.rstrip("/")
        except KeyError:
            return "", ()
        if not home or home == self.home:
            return "", ()
        return name, (
            (f"{home}/.docker/config.json", "docker"),
            (f"{home}/.config/containers/auth.json", "podman"),
        )

    def _file(self, path: str, kind: Literal["docker", "podman"]) -> LoginFile:
        try:
            data = read_regular(self.root, path, MOST_BYTES)
        except IsADirectoryError:
            return LoginFile(path, kind, "directory")
        except (FileNotFoundError, NotADirectoryError):
            return LoginFile(path, kind, "missing")
        except OSError as error:
            detail = errno.errorcode.get(error.errno or 0, "EIO")
            return LoginFile(path, kind, "unreadable", detail)
        return parsed(path, kind, data)

    def _default_store(self, file: LoginFile) -> str:
        """docker picks a store by itself where its file has neither login nor helper."""
        if file.state not in ("read", "missing") or file.store or file.helpers or file.entries:
            return ""
        name = "pass" if self._program("pass") else "secretservice"
        return name if self._program(_PREFIX + name) else ""

    def _program(self, name: str) -> bool:
        if "/" in name:
            return False
        places = self.environ.get("PATH", os.defpath).split(os.pathsep)
        return any(self._runs(f"{place}/{name}") for place in places)

    def _runs(self, path: str) -> bool:
        try:
            candidate = inside(self.root, path)
            return os.access(candidate, os.X_OK) and candidate.is_file()
        except OSError:
            return False

    def _bus(self) -> bool:
        environ = self.environ
        if environ.get("DBUS_SESSION_BUS_ADDRESS") or environ.get("DISPLAY"):
            return True
        runtime = environ.get("XDG_RUNTIME_DIR")
        return bool(runtime) and self._is_there(f"{runtime}/bus")

    def _is_there(self, path: str) -> bool:
        try:
            return inside(self.root, path).exists()
        except OSError:
            return False

    def _containerd(self) -> ContainerdLogins | None:
        try:
            text = read_regular(self.root, _CONTAINERD, MOST_BYTES).decode("utf-8", "replace")
            settings = tomllib.loads(text)
        except (OSError, tomllib.TOMLDecodeError, RecursionError):
            return None
        return containerd_logins(_CONTAINERD, settings)


def parsed(path: str, kind: Literal["docker", "podman"], data: bytes) -> LoginFile:
    """A file in docker's form, without its secrets; an empty one has no logins."""
    if not data.strip():
        return LoginFile(path, kind, "read")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        known = isinstance(error, json.JSONDecodeError)
        why = f"line {error.lineno}: {error.msg}" if known else "no JSON"  # type: ignore[union-attr]
        return LoginFile(path, kind, "malformed", why)
    if not isinstance(document, dict):
        return LoginFile(path, kind, "malformed", "not a JSON object")
    for name in ("auths", "credHelpers"):
        if not isinstance(document.get(name), dict | None):
            return LoginFile(path, kind, "malformed", f"{name} is not a JSON object")
    auths, helpers, store = (document.get(n) for n in ("auths", "credHelpers", "credsStore"))
    return LoginFile(
        path,
        kind,
        "read",
        store=store if isinstance(store, str) else "",
        helpers=tuple(
            (host, name)
            for host, name in list((helpers or {}).items())[:MOST_ENTRIES]
            if isinstance(name, str) and name
        ),
        entries=tuple(
            _entry(key, each) for key, each in list((auths or {}).items())[:MOST_ENTRIES]
        ),
    )


def _entry(key: str, entry: object) -> LoginEntry:
    if not isinstance(entry, dict):
        return LoginEntry(key, "broken", fault="it is not a JSON object")
    if isinstance(entry.get("auth"), str) and entry["auth"]:
        try:
            pair = base64.b64decode(entry["auth"].strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return LoginEntry(key, "broken", fault="its auth is not base64")
        user, colon, password = pair.partition(":")
        if not colon:
            fault = "its auth is not user:password in base64"
            return LoginEntry(key, "broken", fault=fault)
    else:
        user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if entry.get("identitytoken") or user == "<token>":
        return LoginEntry(key, "identity", "" if user == "<token>" else user)
    if entry.get("registrytoken"):
        return LoginEntry(key, "token", user)
    if not user and not password:
        return LoginEntry(key, "empty")
    password = password.strip("\0")
    return LoginEntry(
        key, "password", user, oddities=tuple(_oddities(password)), expires=_expires(user, password)
    )


def _oddities(password: str) -> Iterator[str]:
    """What a typing or quoting mistake leaves in a password; never a part of it."""
    if password.endswith(("\n", "\r")):
        yield "ends with a line break"
    elif password != password.strip():
        yield "begins or ends with a blank"
    if len(password) > 1 and password[0] == password[-1] and password[0] in "'\"":
        yield "stands in quotes"
    if password.startswith("${") and password.endswith("}"):
        yield "is the name of a variable that nobody filled in"
    if not password.isascii():
        yield "has letters outside ASCII"
    if not password:
        yield "is empty"


def _expires(user: str, password: str) -> float:
    """When an ECR password ends: it is base64 of JSON with an ``expiration`` in the open."""
    if user != "AWS":
        return 0.0
    try:
        document = json.loads(base64.b64decode(password + "=" * (-len(password) % 4)))
        return float(document["expiration"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0.0


def containerd_logins(path: str, settings: Mapping[str, Any]) -> ContainerdLogins:
    """Which registries ``config.toml`` (version 1, 2 or 3) has mirrors and logins for."""
    plugins = _table(settings.get("plugins"))
    mirrors: list[tuple[str, str]] = []
    logins: list[str] = []
    for name in ("cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"):
        registry = _table(_table(plugins.get(name)).get("registry"))
        for domain, mirror in _table(registry.get("mirrors")).items():
            urls = _table(mirror).get("endpoint")
            mirrors += (
                [(domain, url) for url in urls if isinstance(url, str)]
                if isinstance(urls, list)
                else []
            )
        configs = _table(registry.get("configs"))
        logins += [host for host, each in configs.items() if _table(_table(each).get("auth"))]
    return ContainerdLogins(path, tuple(mirrors[:MOST_ENTRIES]), tuple(logins[:MOST_ENTRIES]))


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
