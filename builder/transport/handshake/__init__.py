"""Reads the certificate chain that a server sends, exactly as it sends it.

A TLS library judges before it shows; here a ClientHello of our own is sent and the answer is
read up to the Certificate message, whatever the certificates are: expired, unrelated, junk.
Nothing is verified and no secret leaves this side.

::

    HandshakeError      stage: connect, alert, not-tls, closed, timeout, protocol

The work is done in ``reader``; ``hello`` and ``messages`` know the encodings (RFC 5246, RFC
8446), ``records`` the record layer with its bounds, ``schedule`` the keys of TLS 1.3.
"""

from builder.transport.handshake.alerts import Alert
from builder.transport.handshake.errors import HandshakeError, HandshakeStage
from builder.transport.handshake.parameters import VERSIONS
from builder.transport.handshake.reader import (
    Greeting,
    OpenStream,
    ServedChain,
    greet,
    read_chain,
)

__all__ = [
    "VERSIONS",
    "Alert",
    "Greeting",
    "HandshakeError",
    "HandshakeStage",
    "OpenStream",
    "ServedChain",
    "greet",
    "read_chain",
]
