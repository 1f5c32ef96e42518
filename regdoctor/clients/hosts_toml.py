"""containerd's ``hosts.toml`` and the certificates beside it (core/remotes/docker/config).

Three steps: ``choose_directory`` finds the one directory that counts, ``configured`` reads what is
in it, ``endpoints_of`` makes endpoints of that. What differs between releases is in ``Rules``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace

from regdoctor.clients.authority import loopback, port_of
from regdoctor.clients.filesystem import NOT_A_DIRECTORY, Filesystem
from regdoctor.clients.hosts_entries import (
    Configured,
    HostEntry,
    Rules,
    Unparsable,
    Unusable,
    authority,
    client_pair,
    containerd_rules,
)
from regdoctor.clients.hosts_file import Parser
from regdoctor.clients.plan import (
    EVERYTHING,
    Attempt,
    ClientPair,
    Endpoint,
    Note,
    PemFile,
    Process,
    Scheme,
    Transport,
    proxied,
)

__all__ = [
    "HUB",
    "HUB_HOST",
    "Configured",
    "Defaults",
    "HostEntry",
    "Rules",
    "Unusable",
    "authority",
    "choose_directory",
    "client_pair",
    "configured",
    "containerd_rules",
    "endpoints_of",
    "namespace",
]

HUB = "docker.io"
HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Defaults:
    """TLS settings of the program's command line, for hosts that have none of their own."""

    authorities: tuple[PemFile, ...] = ()
    pairs: tuple[ClientPair, ...] = ()
    verify: bool = True
    plain: bool = False
    given: bool = False


def candidates(host: str, rules: Rules) -> tuple[str, ...]:
    """Names of the directory for ``host[:port]``, best first."""
    port = port_of(host)
    names = [host]
    if port:
        names.insert(0, f"{host[: -len(port) - 1]}_{port}_")
    if rules.default_directory:
        names.append("_default")
    return tuple(names)


def choose_directory(
    files: Filesystem, roots: Sequence[str], host: str, rules: Rules
) -> str | None:
    """The first that exists, over all roots in order; an empty one counts as well.

    One that cannot be looked for, because a file stands in its way, ends the search.
    """
    for root in roots:
        for name in candidates(host, rules):
            path = posixpath.join(root, name)
            if files.exists(path) or files.read(path).error == NOT_A_DIRECTORY:
                return path
    return None


def configured(files: Filesystem, directory: str | None, rules: Rules) -> Configured:
    """What a directory says: its hosts.toml, or the certificates in it."""
    if directory is None:
        return Configured()
    path = posixpath.join(directory, "hosts.toml")
    read = files.read(path)
    if read.error and not read.missing:
        verb = "read" if read.error == "is a directory" else "open"
        return Configured(fails=f"{verb} {path}: {read.error}", directory=directory)
    notes: tuple[Note, ...] = ()
    if not read.error and read.content:
        try:
            return Parser(files, directory, rules).parse(read.content)
        except Unusable as unusable:
            return Configured(fails=str(unusable), directory=directory)
        except Unparsable as wrong:
            notes = (
                Note(
                    "hosts-toml-does-not-parse",
                    path,
                    path,
                    f"{path} does not parse ({wrong}): everything in it is ignored, mirrors "
                    "included, and the client says so in its daemon's log alone",
                ),
            )
    try:
        entry, more = from_certificates(files, directory)
    except Unusable as unusable:
        return Configured(notes=notes, fails=str(unusable), directory=directory)
    return Configured((entry,), (*notes, *more), directory=directory)


def from_certificates(files: Filesystem, directory: str) -> tuple[HostEntry, tuple[Note, ...]]:
    """``*.crt`` and ``*.cert`` of a directory without a usable hosts.toml. Raises Unusable."""
    authorities: list[PemFile] = []
    pairs: list[ClientPair] = []
    notes: list[Note] = []
    names = files.names(directory)
    for name in names:
        path = posixpath.join(directory, name)
        if files.is_directory(path):
            continue
        stem, dot, extension = name.rpartition(".")
        if dot and extension == "crt":
            authorities.append(authority(files, path))
        elif dot and extension == "cert":
            key = posixpath.join(directory, f"{stem}.key")
            pairs.append(client_pair(files, path, key if f"{stem}.key" in names else path))
        elif dot and extension in ("pem", "cer"):
            notes.append(
                Note(
                    "certificate-file-ignored",
                    path,
                    path,
                    f"{path} is not read: CA files end in .crt, client certificates in .cert",
                )
            )
        elif extension == "key" and f"{stem}.cert" not in names:
            notes.append(
                Note(
                    "client-key-without-certificate",
                    path,
                    path,
                    f"{path} is not used: there is no {stem}.cert beside it",
                )
            )
    return HostEntry(authorities=tuple(authorities), pairs=tuple(pairs)), tuple(notes)


def endpoints_of(
    found: Configured,
    host: str,
    repository: str,
    process: Process,
    rules: Rules,
    defaults: Defaults | None = None,
) -> tuple[Endpoint, ...]:
    """Endpoints for a reference on ``host[:port]``, as ConfigureHosts makes them."""
    given = defaults or Defaults()
    entries = [*found.entries[:-1], upstream(found.entries[-1], host, rules, given)]
    return tuple(endpoint_of(entry, host, repository, process, rules, given) for entry in entries)


def upstream(entry: HostEntry, host: str, rules: Rules, given: Defaults) -> HostEntry:
    """The last entry with the host that it stands for, where no ``server`` says so."""
    if entry.host:
        return entry
    filled = replace(entry, path="/v2", capabilities=EVERYTHING)
    if host == HUB:
        return replace(filled, scheme="https", host=HUB_HOST)
    if rules.loopback == "http" and loopback(host):
        # By https it speaks to what the server redirects to, and verifies nothing there.
        return replace(filled, scheme="http", host=host, verify=False)
    if given.plain:
        return replace(filled, scheme="http", host=host)
    port = port_of(host)
    if not loopback(host):
        return replace(filled, scheme="https", host=host)
    if port == "80":
        return replace(filled, scheme="http", host=host)
    scheme: Scheme = "https" if port in ("", "443") else "http"
    return replace(filled, scheme=scheme, host=host, verify=False)


def endpoint_of(
    entry: HostEntry,
    host: str,
    repository: str,
    process: Process,
    rules: Rules,
    given: Defaults,
) -> Endpoint:
    """One entry as an endpoint, with the schemes that it is tried with."""
    verify = entry.verify if entry.verify is not None else given.verify
    if given.authorities:
        # A CA named on the command line takes the place of the system's pool.
        process = replace(process, system=())
    transport = Transport(
        process,
        extra=(*given.authorities, *entry.authorities),
        verify=verify,
        pairs=entry.pairs or given.pairs,
    )
    attempts: tuple[Attempt, ...] = (Attempt(entry.scheme),)
    ambiguous = entry.scheme == "http" and (entry.tls or given.given)
    if ambiguous and rules.falls_back and port_of(entry.host) != "80":
        attempts = (Attempt("https"), Attempt("http"))
    return proxied(
        Endpoint(
            host=entry.host,
            path=entry.path,
            repository=repository,
            attempts=attempts,
            transport=transport,
            role=entry.role,
            ns=namespace(host, entry.host),
            capabilities=entry.capabilities,
            port_guessed=rules.guesses_port,
        )
    )


def namespace(host: str, contacted: str) -> str:
    """The query ``ns``: the reference's host where another is contacted."""
    if contacted == host or (host == HUB and contacted == HUB_HOST):
        return ""
    return host
