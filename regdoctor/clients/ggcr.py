"""go-containerregistry, the library of crane, ko and kaniko: names, schemes, credentials."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from builder.oci.reference import DOCKER_HUB, Reference
from regdoctor.clients.authority import host_of
from regdoctor.clients.credentials import HUB_KEY, docker_auths, key_host
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Attempt, Credential, Endpoint, Role, Transport
from regdoctor.clients.version import Version

HUB_HOST = "index.docker.io"
_LOCALHOST = re.compile(r".*\.localhost(?::\d{1,5})?$")
_LOCAL = re.compile(r".*\.local(?:host)?(?::\d{1,5})?$")
_LOOPBACK = re.compile(r"127\.0\.0\.1(?::\d{1,5})?$|::1$|\[::1\](?::\d{1,5})?$")
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def registry_name(domain: str) -> str:
    """The registry as the library names it: Docker Hub is ``index.docker.io``."""
    return HUB_HOST if domain == DOCKER_HUB else domain


def may_be_plain(name: str, version: Version) -> bool:
    """Whether ``version`` of the library tries http after https (pkg/name, Registry.Scheme).

    ``.local`` counted before 0.21.6, and a loopback address anywhere in the name before 0.21.7.
    """
    local = _LOCALHOST if version.since(0, 21, 6) else _LOCAL
    if name.startswith("localhost:") or local.match(name):
        return True
    inside = "127.0.0.1" in name or "::1" in name
    if _LOOPBACK.match(name) or (inside and not version.since(0, 21, 7)):
        return True
    try:
        address = ipaddress.ip_address(host_of(name))
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)


def endpoint(
    name: str,
    repository: str,
    transport: Transport,
    *,
    plain: bool,
    role: Role = "origin",
    credential: Credential | None = None,
    broken: str = "",
    stops: bool = False,
) -> Endpoint:
    """A registry as it is asked; ``plain`` tries http where https fails, for whatever reason."""
    proxies = transport.process.proxies
    attempts: tuple[Attempt, ...] = (Attempt("https", proxies.proxy_of("https", name)),)
    if plain:
        attempts = (*attempts, Attempt("http", proxies.proxy_of("http", name)))
    return Endpoint(
        host=name,
        path="/v2",
        repository=repository,
        attempts=attempts,
        transport=transport,
        role=role,
        credential=credential,
        broken=broken,
        stops=stops,
    )


def credential(
    files: Filesystem, environment: Mapping[str, str], reference: Reference, name: str
) -> Credential | None:
    """What the default keychain finds: docker's file where there is one, be it empty.

    Else that of REGISTRY_AUTH_FILE, else auth.json of the runtime directory (pkg/authn).
    """
    path = _auth_file(files, environment)
    auths = docker_auths(files, path) if path else {}
    for wanted in (f"{name}/{reference.path}", HUB_KEY if name == HUB_HOST else name):
        if wanted in auths:
            return auths[wanted]
        for key, found in auths.items():
            if "://" in key and key_host(key) == wanted:
                return found
    return None


def _auth_file(files: Filesystem, environment: Mapping[str, str]) -> str:
    home = f"{files.files.home or '/root'}/.docker/config.json"
    directory = environment.get("DOCKER_CONFIG", "").rstrip("/")
    named = f"{directory}/config.json"
    if files.is_file(home) or (directory and files.is_file(named)):
        return named if directory else home
    given = environment.get("REGISTRY_AUTH_FILE", "")
    if given and files.is_file(given):
        return given
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    path = f"{runtime}/containers/auth.json"
    return path if runtime and files.is_file(path) else ""
