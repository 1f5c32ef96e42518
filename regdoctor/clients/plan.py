"""What goes into the evaluation of a client, and the plan that comes out.

::

    Situation   the client, its version and options, the files and environment of its host
    ClientPlan  which endpoints it would contact in which order, and how it would treat each

Nothing here says what a server answers: ``wire`` and the engines walk a plan against servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from builder.oci.reference import Reference
from regdoctor.clients.proxies import Proxies
from regdoctor.clients.version import Version
from regdoctor.observations.host import HostFiles

Scheme = Literal["https", "http"]
Role = Literal["mirror", "origin"]
Go = tuple[int, int]
"""The Go release that a client was built with, as far as it matters: ``(1, 19)``."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A client on a host, asked for ``reference``.

    ``environment`` is that of the process that opens the connections (the daemon, where there
    is one); ``cli_environment`` that of the command beside it (``docker build``, ``buildctl``),
    which gets the tokens of a build. ``store``: dockerd's image store (``graphdriver``,
    ``containerd``). ``words``: its command line without options (``copy docker://... dir:/x``),
    none where it simply pulls. ``options``: names without dashes, in order; the value of a
    switch is ``true`` or ``false``. ``addresses``: what names resolve to, where that is known.
    """

    client: str
    version: Version
    reference: str
    files: HostFiles
    environment: Mapping[str, str] = field(default_factory=dict)
    cli_environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    store: str = ""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uid: int = 0

    def option(self, name: str) -> str | None:
        """The last value given for ``--name``, None where it was not given."""
        return next((value for key, value in reversed(self.options) if key == name), None)

    def every(self, name: str) -> tuple[str, ...]:
        """Every value given for ``--name``."""
        return tuple(value for key, value in self.options if key == name)

    def switched_on(self, name: str) -> bool:
        return self.option(name) in ("true", "1", "t", "T", "TRUE", "True")


@dataclass(frozen=True, slots=True)
class PemFile:
    """A file of certificates and what it holds."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientPair:
    """A client certificate and its key; one path twice where one file holds both.

    ``content`` is the certificate's file. The key itself is never carried.
    """

    certificate: str
    key: str
    content: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """``user`` and ``secret`` as they stand under ``key`` in ``file``; the file is ``--user``
    or the like where it came from the command line. The secret never leaves this value."""

    file: str
    key: str
    user: str
    secret: str = field(default="", repr=False, compare=False)


IMAGE = "the public roots of its image"
ELSEWHERE = "the roots of another host"
VIRTUAL_MACHINE = "the roots of its virtual machine, to which those of this computer are added"


@dataclass(frozen=True, slots=True)
class Process:
    """A process that opens connections: its pool of roots and its proxies.

    ``store`` says whose pool that is where it is not simply this host's: ``IMAGE`` and
    ``ELSEWHERE``, of which no file is on this host, or ``VIRTUAL_MACHINE``.
    """

    system: tuple[PemFile, ...]
    proxies: Proxies
    go: Go
    store: str = ""


@dataclass(frozen=True, slots=True)
class Transport:
    """TLS settings of an http client: ``extra`` is trusted beside the process's pool."""

    process: Process
    extra: tuple[PemFile, ...] = ()
    verify: bool = True
    pairs: tuple[ClientPair, ...] = ()

    @property
    def roots(self) -> tuple[PemFile, ...]:
        """Everything that is trusted."""
        return (*self.process.system, *self.extra)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to speak to an endpoint, with the proxy that it goes through (its URL)."""

    scheme: Scheme
    proxy: str = ""


EVERYTHING = frozenset({"pull", "resolve", "push"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address in the order of contact.

    ``host`` is the authority as contacted, a port only where one was written. ``path`` is
    what stands before the repository: ``/v2``, ``/proxy/v2``, or nothing. ``attempts``: schemes
    in the order in which they are tried. ``ns``: value of the query ``ns``. ``credential``
    would be offered where the endpoint asks. ``tokens`` reaches its token realm where its own
    transport does not. ``broken``: why no contact comes about at all, in the client's words.
    ``stops``: after a failure here the client does not go on to the next. ``port_guessed``: a
    refused connection to a port that nobody wrote leads to the next scheme, too.
    """

    host: str
    path: str
    repository: str
    attempts: tuple[Attempt, ...]
    transport: Transport
    role: Role = "origin"
    ns: str = ""
    capabilities: frozenset[str] = EVERYTHING
    credential: Credential | None = None
    broken: str = ""
    stops: bool = False
    tokens: Transport | None = None
    port_guessed: bool = False

    @property
    def url(self) -> str:
        """Scheme of the first attempt, host and path: ``https://mirror.example:5000/v2``."""
        return f"{self.attempts[0].scheme}://{self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the configuration that is ignored, broken or dangerous.

    ``kind`` is stable, kebab-case; ``file`` where it stands; ``sentence`` says what is so and
    what follows, ``subject`` the setting, file or host that it is about.
    """

    kind: str
    file: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """What a client on this host would do for a reference.

    ``refuses``: it fails before any contact, or its daemon does not start, in its words.
    ``executed``: the rules were compared with the real program, not only read.
    """

    client: str
    version: Version
    reference: Reference
    endpoints: tuple[Endpoint, ...]
    notes: tuple[Note, ...] = ()
    refuses: str = ""
    executed: bool = True


def proxied(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` with the proxy of every attempt filled in."""
    proxies = endpoint.transport.process.proxies
    attempts = tuple(
        replace(each, proxy=proxies.proxy_of(each.scheme, endpoint.host))
        for each in endpoint.attempts
    )
    return replace(endpoint, attempts=attempts)
