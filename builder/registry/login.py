"""Keeping a credential, and forgetting it, the way ``docker login`` and ``logout`` do."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.registry.credentials import (
    Credential,
    CredentialFile,
    call_helper,
    credential_files,
    docker_key,
)
from builder.registry.errors import CredentialError


async def keep(
    host: str, credential: Credential, environ: Mapping[str, str], *, home: Path | None = None
) -> str:
    """Stores ``credential`` for ``host[:port]``; where (a file, or a helper's name).

    Into docker's ``config.json``; through a helper where the file names one for this host or
    for all. Raises CredentialError.
    """
    file, document = _docker_file(environ, home)
    key = docker_key(host)
    auths = document.setdefault("auths", {})
    helper = _helper_for(document, host, key)
    if helper:
        user = "<token>" if credential.identity_token else credential.username
        secret = credential.identity_token or credential.password
        entry = {"ServerURL": key, "Username": user, "Secret": secret}
        await _run(helper, "store", json.dumps(entry), environ)
        auths[key] = {}  # as docker has it: the key tells that there is a login
    else:
        auths[key] = _entry(credential)
    await asyncio.to_thread(_write, file.path, document)
    return f"docker-credential-{helper}" if helper else str(file.path)


async def forget(host: str, environ: Mapping[str, str], *, home: Path | None = None) -> bool:
    """Erases what is kept for ``host[:port]``; whether there was anything in the file.

    Raises CredentialError.
    """
    file, document = _docker_file(environ, home)
    key = docker_key(host)
    helper = _helper_for(document, host, key)
    if helper:
        await _run(helper, "erase", key, environ)
    auths = document.get("auths", {})
    names = [name for name in dict.fromkeys((key, host)) if name in auths]
    for name in names:
        del auths[name]
    if names:
        await asyncio.to_thread(_write, file.path, document)
    return bool(names) or bool(helper)


def _docker_file(
    environ: Mapping[str, str], home: Path | None
) -> tuple[CredentialFile, dict[str, Any]]:
    if home is None and environ.get("HOME"):
        home = Path(environ["HOME"])
    file = next((f for f in credential_files(environ, home) if f.kind == "docker"), None)
    if file is None:
        raise CredentialError(
            "no place for credentials", hint="set HOME, or DOCKER_CONFIG to a directory"
        )
    document = dict(file.load() or {})
    if not isinstance(document.get("auths", {}), dict):
        raise CredentialError(f"{file.path}: auths: not a JSON object")
    return file, document


def _helper_for(document: Mapping[str, Any], host: str, key: str) -> str:
    helpers = document.get("credHelpers")
    own = helpers.get(host) or helpers.get(key) if isinstance(helpers, dict) else None
    name = own or document.get("credsStore")
    return name if isinstance(name, str) else ""


def _entry(credential: Credential) -> dict[str, str]:
    out = {}
    if credential.username or credential.password:
        pair = f"{credential.username}:{credential.password}".encode()
        out["auth"] = base64.b64encode(pair).decode()
    if credential.identity_token:
        out["identitytoken"] = credential.identity_token
    return out


async def _run(name: str, action: str, text: str, environ: Mapping[str, str]) -> None:
    status, output = await call_helper(name, action, text, environ)
    if status != 0:
        words = output.strip().splitlines()
        raise CredentialError(
            f"docker-credential-{name}: {words[0] if words else f'exit status {status}'}"
        )


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """In one step, for the owner's eyes only, indented by tabs as docker writes it."""
    path = path.resolve()  # a link to a file elsewhere stays a link
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file, indent="\t")
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CredentialError(f"{path}: {error.strerror}") from error
