"""The servers of a case on real sockets, and what came into contact with them.

A server answers what ``CaseWorld`` says that it answers; what is under test is the client.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from regdoctor.clients.wire import Answer, Contact, Request, name_path, origin
from tests.live import image
from tests.replay.world import CaseWorld

_HANDSHAKE = 0x16
_SECONDS = 20.0
_REFUSES = ("ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE")
"""What OpenSSL says where the client broke off because of our certificate."""
_PLAIN_TO_TLS = (
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    b"Client sent an HTTP request to an HTTPS server.\n"
)
_BASIC = 'Basic realm="x"'
_TLS_TO_PLAIN = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request"


class Servers:
    """Everything that listens during one case."""

    def __init__(
        self,
        servers: Sequence[Mapping[str, Any]],
        names: Mapping[str, str],
        pki: Mapping[str, str],
        keys: Path,
    ) -> None:
        self._world = CaseWorld(servers, names, pki)
        self._names = dict(names)
        self._servers, self._pki, self._keys = servers, pki, keys
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._contacts: list[tuple[float, Contact]] = []
        self.faults: list[str] = []

    @property
    def contacts(self) -> list[Contact]:
        """In order of arrival: that of the request, or of a connection that came to nothing."""
        with self._lock:
            return [contact for _, contact in sorted(self._contacts, key=lambda each: each[0])]

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        sockets = []
        try:
            for server in self._servers:
                listener = socket.create_server((server["ip"], server["port"]), backlog=64)
                sockets.append(listener)
                self._start(self._accept, listener, server, self._context(server))
            yield
        finally:
            for each in sockets:
                # A close alone leaves a thread in accept, and with it the port taken.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            with self._lock:
                left = list(self._open)
            for each in left:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _start(self, target: Any, *arguments: Any) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(
        self, listener: socket.socket, server: Mapping[str, Any], context: ssl.SSLContext | None
    ) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._start(self._guarded, connection, server, context)

    def _guarded(
        self, connection: socket.socket, server: Mapping[str, Any], context: ssl.SSLContext | None
    ) -> None:
        connection.settimeout(_SECONDS)
        with self._lock:
            self._open.add(connection)
        try:
            self._serve(connection, server, context)
        except OSError:
            pass
        except Exception as fault:  # noqa: BLE001  # told with the case, which then disagrees
            self.faults.append(f"{type(fault).__name__}: {fault}")
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _serve(
        self, connection: socket.socket, server: Mapping[str, Any], context: ssl.SSLContext | None
    ) -> None:
        arrived = time.monotonic()
        if server.get("reset"):
            self._met(Contact(f"tcp://{server['ip']}:{server['port']}", None))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        first = connection.recv(4096, socket.MSG_PEEK)
        if not first:
            return
        if context is None and first[0] == _HANDSHAKE:
            name = _server_name(first) or server["ip"]
            self._met(Contact(_url("https", name, server), False), arrived)
            connection.sendall(_TLS_TO_PLAIN)
        elif context is None:
            self._talk(connection, server, "http")
        elif first[0] != _HANDSHAKE:
            with connection.makefile("rb") as stream:
                head = _head(stream)
            if head is not None:
                self._met(Contact(origin("http", head.host), None))
            connection.sendall(_PLAIN_TO_TLS)
        else:
            self._secured(connection, server, context, _server_name(first) or server["ip"], arrived)

    def _secured(
        self,
        connection: socket.socket,
        server: Mapping[str, Any],
        context: ssl.SSLContext,
        name: str,
        arrived: float,
    ) -> None:
        try:
            secured = context.wrap_socket(connection, server_side=True)
        except ssl.SSLError as error:
            refused = any(sign in str(error) for sign in _REFUSES)
            self._met(Contact(_url("https", name, server), not refused), arrived)
            return
        with secured:
            self._talk(secured, server, "https")

    # -- http -----------------------------------------------------------------------------

    def _talk(self, connection: socket.socket, server: Mapping[str, Any], scheme: str) -> None:
        with connection.makefile("rb") as stream:
            while (head := _head(stream)) is not None:
                if head.method == "CONNECT":
                    self._tunnel(connection, stream, server, head)
                    return
                if head.target.startswith("http://"):
                    self._forward(connection, stream, head)
                    return
                self._answer(connection, scheme, head, head.body(stream))

    def _answer(self, connection: socket.socket, scheme: str, head: _Head, body: bytes) -> None:
        path, _, query = head.target.partition("?")
        given = parse_qs(query)
        authorization = _credentials(head, body)
        request = Request(
            head.method, scheme, head.host, path, given.get("ns", [""])[0], authorization
        )
        trusted = True if scheme == "https" else None
        self._met(
            Contact(origin(scheme, head.host), trusted, name_path(path), request.ns, authorization)
        )
        connection.sendall(_response(head.method, path, self._world.answer(request)))

    def _tunnel(
        self,
        connection: socket.socket,
        stream: BinaryIO,
        server: Mapping[str, Any],
        head: _Head,
    ) -> None:
        scheme = "https" if server.get("tls") else "http"
        seen = f"{scheme}://{server['ip']}:{server['port']}"
        self._met(Contact(head.target, None, proxy=seen))
        try:
            onward = self._onward(head.target)
        except OSError:
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(connection, stream, onward)

    def _forward(self, connection: socket.socket, stream: BinaryIO, head: _Head) -> None:
        authority, _, path = head.target.removeprefix("http://").partition("/")
        try:
            onward = self._onward(authority if ":" in authority else f"{authority}:80")
        except OSError:
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with onward:
            kept = [line for line in head.lines if not line.lower().startswith(b"proxy-")]
            onward.sendall(
                b"\r\n".join(
                    [f"{head.method} /{path} HTTP/1.1".encode(), *kept, b"Connection: close"]
                )
                + b"\r\n\r\n"
            )
            _relay(connection, stream, onward)

    def _onward(self, target: str) -> socket.socket:
        host, _, port = target.rpartition(":")
        return socket.create_connection((self._names.get(host, host), int(port)), _SECONDS)

    def _met(self, contact: Contact, arrived: float | None = None) -> None:
        with self._lock:
            self._contacts.append((time.monotonic() if arrived is None else arrived, contact))

    def asked_for(self, name: str) -> None:
        """A resolver was asked for ``name``, which does not exist."""
        self._met(Contact(name, None, unresolved=True))

    def _context(self, server: Mapping[str, Any]) -> ssl.SSLContext | None:
        if not server.get("tls"):
            return None
        leaf = server["tls"]["leaf"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        held = self._keys / f"{leaf}.pem"
        if not held.exists():
            held.write_text(self._pki[leaf] + self._pki[f"{leaf}.key"])
        context.load_cert_chain(held)
        if server.get("client_ca"):
            context.load_verify_locations(cadata=self._pki[server["client_ca"]])
            required = server.get("client_required")
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        return context


class _Head:
    """A request up to its body."""

    def __init__(self, first: bytes, lines: list[bytes]) -> None:
        self.lines = lines
        self.method, self.target, _ = first.decode("latin-1").split(" ", 2)
        self.fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.decode("latin-1").partition(":") for line in lines)
        }
        self.host = self.fields.get("host", "")

    def body(self, stream: BinaryIO) -> bytes:
        if self.fields.get("transfer-encoding", "").lower() != "chunked":
            return stream.read(int(self.fields.get("content-length", 0)))
        parts = []
        while size := int(stream.readline().strip() or b"0", 16):
            parts.append(stream.read(size))
            stream.readline()
        stream.readline()
        return b"".join(parts)


def _head(stream: BinaryIO) -> _Head | None:
    """The next request, None where the client has gone."""
    first = stream.readline().strip()
    if not first:
        return None
    lines = []
    while line := stream.readline().strip():
        lines.append(line)
    return _Head(first, lines)


def _credentials(head: _Head, body: bytes) -> str:
    """Basic in clear, as ``Request`` has it; a token is asked for by POST with them in the body."""
    authorization = head.fields.get("authorization", "")
    scheme, _, rest = authorization.partition(" ")
    if scheme == "Basic":
        return f"Basic {base64.b64decode(rest).decode()}"
    if head.method == "POST" and b"grant_type=password" in body:
        form = parse_qs(body.decode())
        return f"Basic {form['username'][0]}:{form.get('password', [''])[0]}"
    return authorization


def _response(method: str, path: str, answer: Answer) -> bytes:
    kind, body = _content(path, answer)
    lines = [f"HTTP/1.1 {answer.status} Status", f"Content-Type: {kind}"]
    if answer.length or method != "HEAD":
        lines.append(f"Content-Length: {len(body)}")
    else:
        lines += ["Transfer-Encoding: chunked", "Connection: close"]
    if answer.digest and answer.good and "/manifests/" in path:
        lines.append(f"Docker-Content-Digest: {image.DIGEST}")
    if answer.location:
        lines.append(f"Location: {answer.location}")
    if answer.challenge is not None:
        asked = answer.challenge
        bearer = f'Bearer realm="{asked.realm}",service="{asked.service}"'
        lines.append(f"Www-Authenticate: {bearer if asked.realm else _BASIC}")
    if path.endswith(("/v2/", "/v2")):
        lines.append("Docker-Distribution-Api-Version: registry/2.0")
    head = "\r\n".join([*lines, "", ""]).encode()
    return head if method == "HEAD" else head + body


def _content(path: str, answer: Answer) -> tuple[str, bytes]:
    if answer.token:
        told = {"token": answer.token, "access_token": answer.token, "expires_in": 300}
        return "application/json", json.dumps(told).encode()
    if not answer.good:
        return "application/json", b'{"errors":[{"code":"DENIED","message":"no"}]}'
    if "/manifests/" in path:
        return image.MANIFEST_TYPE, image.MANIFEST
    if path.endswith("/tags/list"):
        return "application/json", b'{"name":"x","tags":["latest"]}'
    blob = image.BLOBS.get(path.rpartition("/")[2])
    return ("application/json", b"{}") if blob is None else ("application/octet-stream", blob)


def _url(scheme: str, name: str, server: Mapping[str, Any]) -> str:
    return origin(scheme, f"{name}:{server['port']}")


def _server_name(hello: bytes) -> str:
    """The name in a ClientHello; none where an address was connected to."""
    named = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    arrived = ssl.MemoryBIO()
    arrived.write(hello)
    reader = context.wrap_bio(arrived, ssl.MemoryBIO(), server_side=True)
    with contextlib.suppress(ssl.SSLError):
        reader.do_handshake()
    return (named[0] if named else "") or ""


def _relay(client: socket.socket, stream: BinaryIO, onward: socket.socket) -> None:
    """Octets both ways until either side ends."""

    def back() -> None:
        with contextlib.suppress(OSError):
            while part := onward.recv(65536):
                client.sendall(part)
            client.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    with contextlib.suppress(OSError):
        while part := stream.read1(65536):  # type: ignore[attr-defined]
            onward.sendall(part)
        onward.shutdown(socket.SHUT_WR)
    thread.join(_SECONDS)
