"""Credentials as containers/image looks them up (pkg/docker/config)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regdoctor.clients.credentials import decoded
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Credential

HUB = ("docker.io", "registry-1.docker.io", "index.docker.io")


class BrokenAuthFile(ValueError):
    """A file of credentials that is no JSON: the endpoint it is read for fails."""


@dataclass(frozen=True, slots=True)
class AuthFiles:
    """Where credentials are looked for. ``given``: by a flag or REGISTRY_AUTH_FILE.

    ``alone``: the given file is the only one (image >= 5.25). ``namespaced``: keys may be
    longer than a host (image >= 5.17).
    """

    home: str
    environment: Mapping[str, str]
    uid: int = 0
    given: str = ""
    alone: bool = True
    namespaced: bool = True

    def paths(self) -> Iterator[tuple[str, str]]:
        """(path, form) in the order of search; forms are ``auth``, ``docker``, ``dockercfg``."""
        runtime = self.environment.get("XDG_RUNTIME_DIR")
        first = f"{runtime}/containers" if runtime else f"/run/containers/{self.uid}"
        yield (self.given or f"{first}/auth.json"), "auth"
        if self.given and self.alone:
            return
        own = self.environment.get("XDG_CONFIG_HOME") or f"{self.home}/.config"
        yield f"{own}/containers/auth.json", "auth"
        docker = self.environment.get("DOCKER_CONFIG") or f"{self.home}/.docker"
        yield f"{docker.rstrip('/')}/config.json", "docker"
        yield f"{self.home}/.dockercfg", "dockercfg"

    def lookup(self, files: Filesystem, name: str) -> Credential | None:
        """What would be sent for ``host/path``: the first file with any key for it wins.

        Raises BrokenAuthFile.
        """
        for path, form in self.paths():
            found = self._in_file(path, _entries(files, path, form), name, form)
            if found is not None:
                return found
        return None

    def _in_file(
        self, path: str, entries: Mapping[str, Any], name: str, form: str
    ) -> Credential | None:
        host = name.partition("/")[0]
        keys = _longest_first(name) if self.namespaced and form != "dockercfg" else (host,)
        for key in keys:
            if key in entries:
                return decoded(path, key, entries[key])
        for key, entry in entries.items():
            if _normal(_host_of_key(key)) == _normal(host) and (
                "/" not in key or "://" in key or not self.namespaced or form == "dockercfg"
            ):
                return decoded(path, key, entry)
        return None


def _entries(files: Filesystem, path: str, form: str) -> Mapping[str, Any]:
    read = files.read(path)
    if read.error or not read.content.strip():
        return {}
    try:
        document = json.loads(read.content)
    except ValueError as error:
        raise BrokenAuthFile(f"reading JSON file {path}: unmarshaling JSON: {error}") from error
    entries = (
        document
        if form == "dockercfg"
        else document.get("auths")
        if isinstance(document, dict)
        else None
    )
    return entries if isinstance(entries, dict) else {}


def _longest_first(name: str) -> Iterator[str]:
    """``host/a/b``, ``host/a``, ``host``."""
    while True:
        yield name
        name, slash, _ = name.rpartition("/")
        if not slash:
            return


def _host_of_key(key: str) -> str:
    bare = key.removeprefix("http://").removeprefix("https://")
    return bare.partition("/")[0]


def _normal(host: str) -> str:
    return "index.docker.io" if host in HUB else host
