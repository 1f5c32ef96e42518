"""Something that speaks neither TLS nor HTTP answers on the port."""

from __future__ import annotations

from regdoctor.checks.network.handshakes import HandshakeCheck
from regdoctor.observations.tls import ServedChain


class TlsFirstRecord(HandshakeCheck):
    """Shows the first bytes, which usually name the protocol."""

    code = "tls-first-record-not-handshake-direct"
    summary = "something that is neither TLS nor HTTP answers on the registry's port"
    question = "which protocol answers on the port?"
    texts = ("tls: first record does not look like a TLS handshake",)

    def meaning(self, served: ServedChain) -> str:
        if served.fault != "not-tls":
            return ""
        return "something that is neither TLS nor HTTP answers on that port"


CHECK = TlsFirstRecord()
