"""The connections below a transport: httpcore's pools, requests and errors."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpcore

from builder.transport import redaction
from builder.transport.errors import TransportError
from builder.transport.network import Network
from builder.transport.proxy import Proxy
from builder.transport.response import Outgoing
from builder.transport.tcp import HEAD_LEFT, HEAD_LIMIT, Address, LayerError
from builder.transport.transport import Body

__all__ = ["LayerError", "pool", "request", "translated"]

_KEPT_ALIVE = 90.0


def pool(
    context: ssl.SSLContext | None,
    proxy_context: ssl.SSLContext | None,
    proxy: Proxy | None,
    *,
    overrides: Mapping[Address, str],
    tls_timeout: float,
) -> httpcore.AsyncConnectionPool:
    """Connections to one endpoint: ``context`` for its TLS, ``proxy_context`` for the proxy's."""
    if proxy is None or proxy.scheme.startswith("socks"):
        return httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=64,
            keepalive_expiry=_KEPT_ALIVE,
            network_backend=Network(overrides, tls_timeout=tls_timeout, socks=proxy),
        )
    return httpcore.AsyncHTTPProxy(
        proxy.url,
        proxy_auth=proxy.credential,
        ssl_context=context,
        proxy_ssl_context=proxy_context,
        max_connections=64,
        keepalive_expiry=_KEPT_ALIVE,
        network_backend=Network(overrides, tls_timeout=tls_timeout, proxy_context=proxy_context),
    )


def request(
    outgoing: Outgoing, content: Body | None, timeouts: Mapping[str, float]
) -> httpcore.Request:
    async def trace(event: str, _info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            outgoing.dialled = True
        elif event == "http11.receive_response_headers.started":
            HEAD_LEFT.set(HEAD_LIMIT)
        elif event.startswith("http11.receive_response_headers."):
            HEAD_LEFT.set(None)

    return httpcore.Request(
        outgoing.method,
        outgoing.url,
        headers=[(name.encode(), value.encode("latin-1")) for name, value in outgoing.headers],
        content=content() if callable(content) else content,
        extensions={"trace": trace, "timeout": timeouts},
    )


def translated(outgoing: Outgoing, error: BaseException) -> TransportError:
    """``error`` of the layers below as a TransportError."""
    if isinstance(error, TransportError):
        return error
    facts: dict[str, Any] = {}
    if isinstance(error, LayerError):
        stage, cause = error.stage, error.cause
        facts = {
            "timed_out": error.timed_out,
            "verify_code": error.verify_code,
            "peer": error.peer,
        }
        if outgoing.proxy and not error.verify_code and stage in ("dns", "connect"):
            stage, cause = "proxy", f"proxyconnect tcp: {cause}"
        elif outgoing.proxy and error.before_tls and outgoing.endpoint.scheme == "https":
            # It was asked for a tunnel; the endpoint behind it has seen nothing yet.
            stage = "proxy"
            cause = f"proxyconnect tcp: {outgoing.proxy} gave no answer to CONNECT in time"
    elif isinstance(error, httpcore.ProxyError):
        # Go's error is the status text alone, which says too little to be evidence.
        stage, cause = "proxy", f"proxyconnect tcp: {outgoing.proxy} answered {error}"
    elif isinstance(error, httpcore.RemoteProtocolError):
        stage, cause = _protocol_cause(str(error))
    elif isinstance(error, httpcore.TimeoutException):
        stage, cause = "timeout", "net/http: timeout awaiting response headers"
        facts = {"timed_out": True}
    elif isinstance(error, httpcore.NetworkError):
        stage, cause = "read", str(error)
    elif isinstance(error, httpcore.ProtocolError | httpcore.UnsupportedProtocol):
        stage, cause = "protocol", str(error)
    else:
        return error  # type: ignore[return-value]  # not of the network: the caller raises it
    return TransportError(
        stage=stage,
        method=outgoing.method,
        url=redaction.url(outgoing.url),
        endpoint=outgoing.endpoint,
        cause=cause,
        **facts,
    )


def _protocol_cause(text: str) -> Any:
    if "without sending a response" in text:
        return "read", "EOF"
    if "without sending complete message body" in text or "incomplete chunked read" in text:
        return "read", "unexpected EOF"
    return "protocol", f"net/http: HTTP/1.x transport connection broken: {text}"
