"""containerd's ``hosts.toml`` and the certificates beside it (core/remotes/docker/config).

Three steps: ``choose_directory`` finds the one directory that counts, ``configured`` reads what is
in it, ``endpoints_of`` makes endpoints of that. What differs between releases is in ``Rules``.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from regdoctor.clients.authority import loopback, port_of
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import holds_certificate, load_pair
from regdoctor.clients.plan import (
    EVERYTHING,
    Attempt,
    ClientPair,
    Endpoint,
    Note,
    PemFile,
    Process,
    Role,
    Scheme,
    Transport,
    proxied,
)
from regdoctor.clients.version import Version
from regdoctor.clients.wire import split_url

HUB = "docker.io"
HUB_HOST = "registry-1.docker.io"
CAPABILITIES = frozenset({"pull", "resolve", "push"})
_KEYS = {
    "server",
    "host",
    "capabilities",
    "ca",
    "client",
    "skip_verify",
    "override_path",
    "header",
    "dial_timeout",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between releases of the library.

    ``wants_host_tree``: a file without any host table is a parse error. ``default_directory``:
    ``_default`` is looked for. ``falls_back``: an http URL with TLS settings is tried as https
    first. ``loopback``: how a registry on loopback is spoken to where nothing is configured.
    """

    wants_host_tree: bool = False
    default_directory: bool = True
    falls_back: bool = True
    override_path: bool = True
    referrers: bool = True
    dial_timeout: bool = True
    loopback: Literal["http", "unverified"] = "unverified"


def containerd_rules(version: Version) -> Rules:
    """The rules of containerd's own releases."""
    fallback = version.within((1, 6, 25), (1, 7)) or version.since(1, 7, 7)
    return Rules(
        wants_host_tree=not version.since(2),
        default_directory=version.within((1, 6, 17), (1, 7)) or version.since(1, 7),
        falls_back=fallback,
        override_path=version.since(1, 6),
        referrers=version.since(2, 2),
        dial_timeout=version.since(2, 1),
        loopback="unverified" if fallback else "http",
    )


@dataclass(frozen=True, slots=True)
class HostEntry:
    """One host as configured. ``verify`` None: nothing said. ``tls``: any TLS setting is there.

    ``host`` is empty for the upstream where no ``server`` is named.
    """

    scheme: Scheme = "https"
    host: str = ""
    path: str = ""
    capabilities: frozenset[str] = EVERYTHING
    authorities: tuple[PemFile, ...] = ()
    pairs: tuple[ClientPair, ...] = ()
    verify: bool | None = None
    role: Role = "origin"

    @property
    def tls(self) -> bool:
        return bool(self.authorities or self.pairs) or self.verify is not None


@dataclass(frozen=True, slots=True)
class Configured:
    """Host entries in order, the upstream last. ``fails``: the client's words where every
    contact fails because of a file. ``tables``: did a hosts.toml have host tables?"""

    entries: tuple[HostEntry, ...] = (HostEntry(),)
    notes: tuple[Note, ...] = ()
    fails: str = ""
    directory: str = ""
    tables: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """TLS settings of the program's command line, for hosts that have none of their own."""

    authorities: tuple[PemFile, ...] = ()
    pairs: tuple[ClientPair, ...] = ()
    verify: bool = True
    plain: bool = False
    given: bool = False


class Unparsable(Exception):
    """The file is dropped as a whole; the message is the reason as a person would put it."""


class Unusable(Exception):
    """The client fails, in these words."""


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
    """The first that exists, over all roots in order; an empty one counts as well."""
    for root in roots:
        for name in candidates(host, rules):
            path = posixpath.join(root, name)
            if files.exists(path):
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
            return _Parser(files, directory, rules).parse(read.content)
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


def authority(files: Filesystem, path: str) -> PemFile:
    """A CA file, which must hold a certificate. Raises Unusable."""
    read = files.read(path)
    if read.error:
        raise Unusable(f'unable to read CA cert "{path}": open {path}: {read.error}')
    if not holds_certificate(read.content):
        raise Unusable(f'unable to load CA cert "{path}"')
    return PemFile(path, read.content)


def client_pair(files: Filesystem, certificate: str, key: str) -> ClientPair:
    """A pair that loads. Raises Unusable."""
    pair, error = load_pair(files, certificate, key)
    if pair is None:
        raise Unusable(f"failed to load X509 key pair: {error}")
    return pair


@dataclass
class _Parser:
    files: Filesystem
    directory: str
    rules: Rules
    notes: list[Note] = field(default_factory=list)

    @property
    def path(self) -> str:
        return posixpath.join(self.directory, "hosts.toml")

    def parse(self, content: bytes) -> Configured:
        try:
            settings = tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Unparsable(str(error)) from error
        tables = settings.get("host", {})
        if not isinstance(tables, dict) or not all(isinstance(v, dict) for v in tables.values()):
            raise Unparsable("`host` is not a table of tables")
        if "host" not in settings and self.rules.wants_host_tree:
            raise Unparsable("no [host] table in it, which containerd 1.x demands")
        entries = [self._entry(url, table, "mirror") for url, table in tables.items()]
        server = settings.get("server", "")
        if not isinstance(server, str):
            raise Unparsable("`server` is not a string")
        entries.append(self._entry(server, settings, "origin"))
        # What is wrong with the file is found before any certificate is read.
        read = tuple(self._read(entry, table) for entry, table in entries)
        return Configured(read, tuple(self.notes), directory=self.directory, tables=bool(tables))

    def _entry(
        self, url: str, table: Mapping[str, Any], role: Role
    ) -> tuple[HostEntry, Mapping[str, Any]]:
        _check_types(table)
        self._unknown(url, table, role)
        entry = HostEntry(role=role, capabilities=_capabilities(table, self.rules))
        if "skip_verify" in table:
            entry = replace(entry, verify=not table["skip_verify"])
        if not url:
            # Without a server the upstream may do everything, whatever the file says.
            return replace(entry, capabilities=EVERYTHING), table
        full = url if url.startswith("http") else f"https://{url}"
        scheme, host, path = split_url(full)
        if not host or scheme not in ("https", "http"):
            raise Unparsable(f"{url!r} is no URL of a host")
        override = self.rules.override_path and table.get("override_path", False)
        known: Scheme = "http" if scheme == "http" else "https"
        return replace(entry, scheme=known, host=host, path=_path(path, override)), table

    def _read(self, entry: HostEntry, table: Mapping[str, Any]) -> HostEntry:
        authorities = tuple(
            authority(self.files, self._absolute(each)) for each in _strings(table.get("ca"))
        )
        pairs = tuple(
            client_pair(self.files, self._absolute(certificate), self._absolute(key))
            for certificate, key in _pairs(table.get("client"))
        )
        return replace(entry, authorities=authorities, pairs=pairs)

    def _absolute(self, path: str) -> str:
        return posixpath.join(self.directory, path)

    def _unknown(self, url: str, table: Mapping[str, Any], role: Role) -> None:
        misplaced = {"server", "host"} if role == "mirror" else set()
        for key in table:
            if key not in _KEYS or key in misplaced:
                where = f'the table of "{url}"' if role == "mirror" else "the file's top level"
                self.notes.append(
                    Note(
                        "setting-ignored",
                        self.path,
                        key,
                        f"`{key}` in {where} of {self.path} means nothing there and is ignored",
                    )
                )


def _check_types(table: Mapping[str, Any]) -> None:
    for key in ("skip_verify", "override_path"):
        if key in table and not isinstance(table[key], bool):
            raise Unparsable(f"`{key}` is not true or false")
    for key in ("capabilities",):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise Unparsable(f"`{key}` is not a list of strings")
    ca = table.get("ca", "")
    if not isinstance(ca, str) and not (
        isinstance(ca, list) and all(isinstance(each, str) for each in ca)
    ):
        raise Unparsable("`ca` is neither a string nor a list of strings")
    if not isinstance(table.get("header", {}), dict):
        raise Unparsable("`header` is not a table")


def _capabilities(table: Mapping[str, Any], rules: Rules) -> frozenset[str]:
    known = CAPABILITIES | {"referrers"} if rules.referrers else CAPABILITIES
    named = frozenset(each.lower() for each in table.get("capabilities", []))
    unknown = named - known
    if unknown:
        raise Unparsable(f"unknown capability {sorted(unknown)[0]!r}")
    return named or EVERYTHING


def _path(path: str, override: bool) -> str:
    if override:
        return path.rstrip("/")
    if path in ("", "/"):
        return "/v2"
    clean = posixpath.normpath(path)
    return clean if clean.endswith("/v2") else f"{clean}/v2"


def _strings(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """Of ``client``: a file with both, a list of such files, or a list of pairs."""
    if value is None:
        return ()
    if isinstance(value, str):
        return ((value, value),)
    if not isinstance(value, list):
        raise Unparsable("`client` is neither a string nor a list")
    found = []
    for each in value:
        if isinstance(each, str):
            found.append((each, each))
        elif isinstance(each, list) and each and all(isinstance(part, str) for part in each):
            if len(each) > 2:
                raise Unparsable("a pair of `client` has more than two parts")
            found.append((each[0], each[1] if len(each) == 2 and each[1] else each[0]))
        else:
            raise Unparsable("`client` holds something that is neither string nor pair")
    return tuple(found)


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
    if given.plain:
        return replace(filled, scheme="http", host=host)
    if not loopback(host):
        return replace(filled, scheme="https", host=host)
    if rules.loopback == "http":
        return replace(filled, scheme="http", host=host)
    scheme: Scheme = "https" if port_of(host) in ("", "443") else "http"
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
    transport = Transport(
        process,
        extra=entry.authorities or given.authorities,
        verify=verify,
        pairs=entry.pairs or given.pairs,
    )
    attempts: tuple[Attempt, ...] = (Attempt(entry.scheme),)
    ambiguous = entry.scheme == "http" and (entry.tls or given.given)
    # http without a port is port 80, which needs no guess.
    if ambiguous and rules.falls_back and port_of(entry.host) not in ("", "80"):
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
        )
    )


def namespace(host: str, contacted: str) -> str:
    """The query ``ns``: the reference's host where another is contacted."""
    if contacted == host or (host == HUB and contacted == HUB_HOST):
        return ""
    return host
