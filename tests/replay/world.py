"""The servers of a case as a world for ``regdoctor.clients.wire``."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509 as other
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from regdoctor import x509
from regdoctor.clients.authority import host_of, port_of
from regdoctor.clients.plan import Transport
from regdoctor.clients.proxies import DEFAULT_PORTS
from regdoctor.clients.wire import Answer, Challenge, Listener, Request, name_path


class CaseWorld:
    """Servers by name and port, and by address and port; every other port refuses.

    ``names`` maps a name to its address; a name that stands nowhere does not resolve.
    """

    def __init__(
        self, servers: Sequence[Mapping[str, Any]], names: Mapping[str, str], pki: Mapping[str, str]
    ) -> None:
        self._pki = pki
        self._names = {server["host"]: server["ip"] for server in servers} | dict(names)
        self._names.setdefault("localhost", "127.0.0.1")
        self._servers = {(server["ip"], server["port"]): server for server in servers}

    # -- what the wire asks -------------------------------------------------------------------

    def listener(self, host: str, port: int) -> Listener:
        if not self._resolves(host):
            return "unresolved"
        server = self._server(host, port)
        if server is None:
            return "refused"
        if server.get("reset"):
            return "reset"
        return "tls" if server.get("tls") else "plain"

    def address(self, host: str) -> str:
        return self._names.get(host, host)

    def accepted(self, host: str, port: int, transport: Transport) -> bool:
        server = self._server(host, port)
        assert server is not None
        tls = server["tls"]
        roots = tuple(each.content for each in transport.roots)
        leaf = self._pki.get(tls["leaf"], "")
        if leaf:
            return verified(leaf, roots, host)
        issuer = self._pki[tls["issuer"]].strip().encode()
        return any(issuer in each for each in roots) and covers(tls["names"], host)

    def admits(self, host: str, port: int, transport: Transport) -> bool:
        server = self._server(host, port)
        assert server is not None
        if not server.get("client_required"):
            return True
        authority = self._pki[server["client_ca"]].encode()
        return any(signed(pair.content, authority) for pair in transport.pairs)

    def answer(self, request: Request) -> Answer:
        host, port = target(request)
        server = self._server(host, port)
        assert server is not None
        if "token" in server:
            return self._token(server, request)
        if server.get("store") == "strict" and request.authorization:
            return Answer(400)
        if "status" in server:
            return Answer(int(server["status"]))
        if not self._authorized(server, request.authorization):
            return Answer(401, challenge=challenge(server["auth"]))
        return self._object(server, request)

    # -- what the server does ----------------------------------------------------------------

    def _object(self, server: Mapping[str, Any], request: Request) -> Answer:
        if not name_path(request.path):
            return Answer(int(server.get("ping", 200)) if is_ping(request.path) else 200)
        if "/blobs/" in request.path:
            if "blob" in server:
                return Answer(int(server["blob"]))
            if "blob_redirect" in server:
                blob = request.path.rpartition("/")[2]
                return Answer(307, location=f"{server['blob_redirect']}/{blob}")
            return Answer(200)
        if "/manifests/" in request.path:
            return self._manifest(server, request)
        return Answer(200)

    def _manifest(self, server: Mapping[str, Any], request: Request) -> Answer:
        digest = not server.get("nodigest_all")
        head = str(server.get("head", ""))
        if request.method == "HEAD" and head == "nodigest":
            digest = False
        elif request.method == "HEAD" and head == "nolength":
            return Answer(200, digest=digest, length=False)
        elif request.method == "HEAD" and head:
            return Answer(int(head))
        return Answer(int(server.get("manifest", 200)), digest=digest)

    def _authorized(self, server: Mapping[str, Any], authorization: str) -> bool:
        auth = server.get("auth")
        if not auth:
            return True
        if auth == "basic":
            user = authorization.removeprefix("Basic ")
            return authorization.startswith("Basic ") and user in server.get("users", (user,))
        return authorization.startswith("Bearer ")

    def _token(self, server: Mapping[str, Any], request: Request) -> Answer:
        if request.method == "POST" and server["token"].get("nopost"):
            return Answer(404)
        user = request.authorization.removeprefix("Basic ")
        if server.get("users") and user not in server["users"]:
            return Answer(401)
        return Answer(200, token="tok-" + (user.replace(":", "-") if user.strip(":") else "anon"))

    def _server(self, host: str, port: int) -> Mapping[str, Any] | None:
        return self._servers.get((self.address(host), port))

    def _resolves(self, host: str) -> bool:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host in self._names
        return True


def target(request: Request) -> tuple[str, int]:
    """Host and port that a request goes to."""
    port = port_of(request.authority) or DEFAULT_PORTS[request.scheme]
    return host_of(request.authority), int(port)


def is_ping(path: str) -> bool:
    return path.rstrip("/").endswith(("/v2", "/v1/_ping"))


def challenge(auth: str | Mapping[str, str]) -> Challenge:
    if isinstance(auth, str):
        return Challenge("basic")
    return Challenge("bearer", auth["bearer"], auth.get("service", ""))


@functools.lru_cache(maxsize=1024)
def verified(leaf: str, roots: tuple[bytes, ...], host: str) -> bool:
    """Go's verdict on a chain of the leaf alone, a day after it became valid."""
    certificate = other.load_pem_x509_certificate(leaf.encode())
    time = certificate.not_valid_before_utc + dt.timedelta(days=1)
    der = certificate.public_bytes(Encoding.DER)
    return x509.verify([der], list(roots), host, time).accepted


@functools.lru_cache(maxsize=64)
def signed(certificate: bytes, authority: bytes) -> bool:
    """Is the client's certificate one of this authority's?"""
    try:
        mine = other.load_pem_x509_certificate(certificate)
        mine.verify_directly_issued_by(other.load_pem_x509_certificate(authority))
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def covers(names: Sequence[str], host: str) -> bool:
    parent = host.partition(".")[2]
    return host in names or f"*.{parent}" in names
