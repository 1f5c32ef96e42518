"""The server has nothing under the name that the client asked for, and says so."""

from __future__ import annotations

from regdoctor.checks.network.handshakes import HandshakeCheck
from regdoctor.observations.tls import ServedChain

UNRECOGNIZED = frozenset({"unrecognized_name"})


class TlsUnrecognizedName(HandshakeCheck):
    """The alert unrecognized_name: no virtual host of that name."""

    code = "tls-unrecognized-name"
    summary = "the server knows no site of the name that the reference uses"
    question = "does the server have a site of that name?"
    texts = ("remote error: tls: unrecognized name",)

    def meaning(self, served: ServedChain) -> str:
        if served.fault != "alert" or served.alert not in UNRECOGNIZED:
            return ""
        return f"the server knows no site named {served.server_name} ({served.alert})"


CHECK = TlsUnrecognizedName()
