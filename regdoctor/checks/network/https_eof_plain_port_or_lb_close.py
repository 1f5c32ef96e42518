"""The server closes the connection in the handshake, without a word."""

from __future__ import annotations

from regdoctor.checks.network.handshakes import HandshakeCheck
from regdoctor.observations.tls import ServedChain


class HttpsEof(HandshakeCheck):
    """Asked in the clear as well, so it is no registry that speaks plain HTTP."""

    code = "https-eof-plain-port-or-lb-close"
    summary = "the server closes the connection during the TLS handshake"
    question = "is anything behind that name and port that speaks TLS?"
    texts = (
        'Get "https://*": EOF',
        'Head "https://*": EOF',
    )

    def meaning(self, served: ServedChain) -> str:
        if served.fault != "closed":
            return ""
        return "the server closes the connection without a word"


CHECK = HttpsEof()
