"""A network that is only thought of: requests of a client, and what came into contact with whom.

An engine walks a plan by sending requests over a ``Wire``. What listens where, and what it
answers, a ``World`` says; nothing here opens a socket. The wire does what Go's net/http does
below every client: proxies, the TLS handshake, redirects.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from regdoctor.clients.authority import host_of, port_of
from regdoctor.clients.plan import Transport
from regdoctor.clients.proxies import DEFAULT_PORTS

Listener = Literal["tls", "plain", "refused", "unresolved", "reset"]
MOST_REDIRECTS = 10


class Fault(enum.StrEnum):
    """Why a request got no answer."""

    REFUSED = "refused"
    UNRESOLVED = "unresolved"
    RESET = "reset"
    PLAIN = "plain http where TLS was spoken"
    CERTIFICATE = "the server's certificate"
    CLIENT_CERTIFICATE = "a client certificate is wanted"
    PROXY = "proxy"
    REDIRECTS = "too many redirects"
    REALM = "the realm refused"


class Unreachable(Exception):
    """No answer came from ``url``."""

    def __init__(self, fault: Fault, url: str) -> None:
        super().__init__(f"{url}: {fault}")
        self.fault = fault
        self.url = url


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` begins with a slash or is empty; ``authorization`` is the scheme and, for Basic,
    ``user:password`` in clear, as ``Basic u:p`` and ``Bearer token``."""

    method: str
    scheme: str
    authority: str
    path: str
    ns: str = ""
    authorization: str = ""

    @property
    def url(self) -> str:
        return f"{origin(self.scheme, self.authority)}{self.path}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """``realm`` and ``service`` are of Bearer only."""

    scheme: Literal["basic", "bearer"]
    realm: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``digest``, ``length``: are Docker-Content-Digest and Content-Length there?"""

    status: int
    challenge: Challenge | None = None
    location: str = ""
    digest: bool = True
    length: bool = True
    token: str = ""

    @property
    def good(self) -> bool:
        return self.status < 300


class World(Protocol):
    """What listens where, and what it says."""

    def listener(self, host: str, port: int) -> Listener: ...

    def address(self, host: str) -> str:
        """What ``host`` resolves to; itself where it is an address."""
        ...

    def accepted(self, host: str, port: int, transport: Transport) -> bool:
        """Does a client with this transport take the server's certificate for ``host``?"""
        ...

    def admits(self, host: str, port: int, transport: Transport) -> bool:
        """Does the server take the client, by its certificate?"""
        ...

    def answer(self, request: Request) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Contact:
    """One connection or request. ``url`` is ``scheme://host[:port]`` without a default port.

    ``trusted``: True where the handshake was finished (verified or not), False where it broke
    off, None for plain http. ``name_path`` is the path up to the repository. ``proxy``: the
    connection was to a proxy, for ``url`` as target.
    """

    url: str
    trusted: bool | None
    name_path: str = ""
    ns: str = ""
    authorization: str = ""
    proxy: str = ""
    unresolved: bool = False


def origin(scheme: str, authority: str) -> str:
    """``scheme://host[:port]``, the default port left out."""
    port = port_of(authority)
    if port and port == DEFAULT_PORTS.get(scheme):
        authority = authority[: -len(port) - 1]
    return f"{scheme}://{authority}"


def split_url(url: str) -> tuple[str, str, str]:
    """Scheme, authority and path of an absolute URL."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme, authority, slash + path


def name_path(path: str) -> str:
    """``/v2/library/alpine`` of ``/v2/library/alpine/manifests/latest``; else nothing."""
    for kind in ("/manifests/", "/blobs/"):
        before, found, _ = path.rpartition(kind)
        if found:
            return before
    return ""


class Wire:
    """Sends requests into a world and keeps every contact, in order."""

    def __init__(self, world: World) -> None:
        self.contacts: list[Contact] = []
        self._world = world

    def send(self, transport: Transport, request: Request) -> Answer:
        """The answer, redirects followed with the same transport. Raises Unreachable."""
        first = request
        for _ in range(MOST_REDIRECTS):
            answer = self._once(transport, request)
            if answer.status not in (301, 302, 303, 307, 308) or not answer.location:
                return answer
            scheme, authority, path = split_url(answer.location)
            kept = keeps_authorization(transport.process.go, first, scheme, authority)
            request = replace(
                request,
                scheme=scheme,
                authority=authority,
                path=path,
                ns="",
                authorization=first.authorization if kept else "",
            )
        raise Unreachable(Fault.REDIRECTS, request.url)

    def look_up(self, authority: str) -> None:
        """A program wants the address of a host before it connects to any."""
        host = host_of(authority)
        port = int(port_of(authority) or DEFAULT_PORTS["https"])
        if self._world.listener(host, port) == "unresolved":
            self.contacts.append(Contact(host, None, unresolved=True))

    def _once(self, transport: Transport, request: Request) -> Answer:
        proxy = transport.process.proxies.proxy_of(request.scheme, request.authority)
        host = host_of(request.authority)
        port = int(port_of(request.authority) or DEFAULT_PORTS[request.scheme])
        url = origin(request.scheme, request.authority)
        if proxy:
            self._through(proxy, transport, request, f"{host}:{port}")
        listener = self._world.listener(host, port)
        if proxy and listener in ("refused", "unresolved"):
            raise Unreachable(Fault.PROXY, url)
        self._connected(listener, host, port, url)
        if request.scheme == "https":
            self._handshake(listener, host, port, transport, url)
        elif listener == "tls":
            self.contacts.append(Contact(url, None))
            return Answer(400)
        trusted = True if request.scheme == "https" else None
        self.contacts.append(
            Contact(url, trusted, name_path(request.path), request.ns, request.authorization)
        )
        return self._world.answer(request)

    def _connected(self, listener: Listener, host: str, port: int, url: str) -> None:
        if listener == "refused":
            raise Unreachable(Fault.REFUSED, url)
        if listener == "unresolved":
            self.contacts.append(Contact(host, None, unresolved=True))
            raise Unreachable(Fault.UNRESOLVED, url)
        if listener == "reset":
            self.contacts.append(Contact(f"tcp://{self._world.address(host)}:{port}", None))
            raise Unreachable(Fault.RESET, url)

    def _handshake(
        self, listener: Listener, host: str, port: int, transport: Transport, url: str
    ) -> None:
        if listener == "plain":
            self.contacts.append(Contact(url, False))
            raise Unreachable(Fault.PLAIN, url)
        if transport.verify and not self._world.accepted(host, port, transport):
            self.contacts.append(Contact(url, False))
            raise Unreachable(Fault.CERTIFICATE, url)
        if not self._world.admits(host, port, transport):
            # With TLS 1.3 the client has finished before the server asks for the certificate.
            self.contacts.append(Contact(url, True))
            raise Unreachable(Fault.CLIENT_CERTIFICATE, url)

    def _through(self, proxy: str, transport: Transport, request: Request, target: str) -> None:
        scheme, authority, _ = split_url(proxy)
        authority = authority.rpartition("@")[2]
        host = host_of(authority)
        port = int(port_of(authority) or DEFAULT_PORTS.get(scheme, "80"))
        url = origin(scheme, authority)
        listener = self._world.listener(host, port)
        try:
            self._connected(listener, host, port, url)
            if scheme == "https":
                own = Transport(transport.process)
                self._handshake(listener, host, port, own, url)
        except Unreachable:
            raise Unreachable(Fault.PROXY, url) from None
        if request.scheme == "https":
            seen = f"{scheme}://{self._world.address(host)}:{port}"
            self.contacts.append(Contact(target, None, proxy=seen))


def keeps_authorization(go: tuple[int, int], first: Request, scheme: str, authority: str) -> bool:
    """Does Go send the Authorization of ``first`` on to the host that it is redirected to?

    The same host or a sub-domain; releases before 1.22 look at the ports as well.
    """
    if go >= (1, 22):
        before, after = host_of(first.authority), host_of(authority)
    else:
        before, after = _with_port(first.scheme, first.authority), _with_port(scheme, authority)
    return after == before or after.endswith(f".{before}")


def _with_port(scheme: str, authority: str) -> str:
    return f"{host_of(authority)}:{port_of(authority) or DEFAULT_PORTS.get(scheme, '')}"
