"""The one way to the network: endpoints, trust, proxies, exchanges as evidence, redaction.

Errors: TransportError (with the stage that failed), InvalidEndpoint, ClientCertificateError.
"""

from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.errors import Stage, TransportError
from builder.transport.exchange import Exchange, Headers, Observer
from builder.transport.roots import RootPool, system_roots
from builder.transport.trust import ClientCertificate, ClientCertificateError, Trust

__all__ = [
    "ClientCertificate",
    "ClientCertificateError",
    "Endpoint",
    "Exchange",
    "Headers",
    "InvalidEndpoint",
    "Observer",
    "RootPool",
    "Stage",
    "TransportError",
    "Trust",
    "system_roots",
]
