"""What a ``hosts.toml``, or the certificates in its place, say of one host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import holds_certificate, load_pair
from regdoctor.clients.plan import EVERYTHING, ClientPair, Note, PemFile, Role, Scheme
from regdoctor.clients.version import Version


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between releases of the library.

    ``old_parser``: go-toml 1, with which a file without any host table is a parse error, and
    which takes some texts that are no TOML. ``default_directory``:
    ``_default`` is looked for. ``falls_back``: an http URL with TLS settings is tried as https
    first; ``guesses_port``: also where the https port refuses and no port was written.
    ``loopback``: how a registry on loopback is spoken to where nothing is configured.
    """

    old_parser: bool = False
    default_directory: bool = True
    falls_back: bool = True
    guesses_port: bool = True
    override_path: bool = True
    referrers: bool = True
    dial_timeout: bool = True
    loopback: Literal["http", "unverified"] = "unverified"


def containerd_rules(version: Version) -> Rules:
    """The rules of containerd's own releases."""
    fallback = version.within((1, 6, 25), (1, 7)) or version.since(1, 7, 7)
    return Rules(
        old_parser=not version.since(2),
        default_directory=version.within((1, 6, 17), (1, 7)) or version.since(1, 7),
        falls_back=fallback,
        guesses_port=version.within((1, 6, 32), (1, 7)) or version.since(1, 7, 16),
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


class Unparsable(Exception):
    """The file is dropped as a whole; the message is the reason as a person would put it."""


class Unusable(Exception):
    """The client fails, in these words."""


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
