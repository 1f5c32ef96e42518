"""The one way to the network: endpoints, trust, proxies, exchanges as evidence, redaction.

Errors: TransportError (with the stage that failed), BodyTooLarge, InvalidEndpoint,
InvalidOverride, InvalidProxy, ClientCertificateError.

The values are cheap to import; the HTTP machinery is loaded when ``Transport`` is first used.
"""

from typing import TYPE_CHECKING, Any

from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.errors import BodyTooLarge, InvalidOverride, Stage, TransportError
from builder.transport.exchange import Exchange, Headers, Observer
from builder.transport.proxy import InvalidProxy, Proxy, ProxyRules
from builder.transport.roots import RootPool, image_roots, system_roots
from builder.transport.trust import ClientCertificate, ClientCertificateError, Trust

if TYPE_CHECKING:
    from builder.transport.response import Reply, Response
    from builder.transport.transport import Body, Transport

__all__ = [
    "Body",
    "BodyTooLarge",
    "ClientCertificate",
    "ClientCertificateError",
    "Endpoint",
    "Exchange",
    "Headers",
    "InvalidEndpoint",
    "InvalidOverride",
    "InvalidProxy",
    "Observer",
    "Proxy",
    "ProxyRules",
    "Reply",
    "Response",
    "RootPool",
    "Stage",
    "Transport",
    "TransportError",
    "Trust",
    "image_roots",
    "system_roots",
]


def __getattr__(name: str) -> Any:
    if name in ("Body", "Transport"):
        from builder.transport import transport

        return getattr(transport, name)
    if name in ("Reply", "Response"):
        from builder.transport import response

        return getattr(response, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
