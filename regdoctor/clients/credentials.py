"""Credentials of docker's ``config.json``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from regdoctor.clients.authority import host_of
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Credential, Note

HUB_KEY = "https://index.docker.io/v1/"
HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")


def docker_config_path(files: Filesystem, environment: Mapping[str, str]) -> str:
    """``$DOCKER_CONFIG/config.json``, else that of the home directory."""
    directory = environment.get("DOCKER_CONFIG") or f"{files.files.home or '/root'}/.docker"
    return f"{directory.rstrip('/')}/config.json"


def docker_auths(files: Filesystem, path: str) -> dict[str, Credential]:
    """Every key of ``auths`` with its credential; what does not decode is left out."""
    text = files.text(path)
    try:
        settings = json.loads(text) if text else {}
    except ValueError:
        return {}
    entries = settings.get("auths") if isinstance(settings, dict) else None
    if not isinstance(entries, dict):
        return {}
    found = {}
    for key, entry in entries.items():
        credential = decoded(path, key, entry)
        if credential is not None:
            found[key] = credential
    return found


def decoded(path: str, key: str, entry: Any) -> Credential | None:
    """One entry of ``auths``: ``auth`` in base64, or ``username`` and ``password``."""
    if not isinstance(entry, dict):
        return None
    text = entry.get("auth")
    if isinstance(text, str) and text:
        try:
            user, colon, secret = base64.b64decode(text).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
        return Credential(path, key, user, secret.rstrip("\0")) if colon else None
    name, password = entry.get("username"), entry.get("password")
    if isinstance(name, str) and isinstance(password, str) and name:
        return Credential(path, key, name, password)
    return None


def docker_credential(auths: Mapping[str, Credential], host: str) -> Credential | None:
    """As docker's CLI looks up ``host[:port]``: the key itself, else one whose host it is."""
    wanted = HUB_KEY if host in HUB_HOSTS else host
    if wanted in auths:
        return auths[wanted]
    return next((value for key, value in auths.items() if key_host(key) == wanted), None)


def unused_keys(auths: Mapping[str, Credential], path: str, host: str) -> Iterator[Note]:
    """Keys that look as if they were for ``host[:port]``, which is offered none of them."""
    if docker_credential(auths, host) is not None:
        return
    for key in auths:
        name = key_host(key)
        hub = host in HUB_HOSTS and name in HUB_HOSTS
        if hub or host_of(name).lower() == host_of(host).lower():
            wanted = HUB_KEY if hub else host
            yield Note(
                "credential-key-never-used",
                path,
                key,
                f'the credential under "{key}" in {path} is never offered to {host}: its key '
                f'is "{wanted}"',
            )


def key_host(key: str) -> str:
    """The ``host[:port]`` of a key that may be a URL."""
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]
