"""Client and server have no protocol version or cipher in common."""

from __future__ import annotations

from regdoctor.checks.network.handshakes import HandshakeCheck
from regdoctor.observations.tls import ServedChain

NOTHING_IN_COMMON = frozenset({"protocol_version", "handshake_failure", "insufficient_security"})


class TlsVersionOrCipherMismatch(HandshakeCheck):
    """The alerts that say so; handshake_failure can also mean that a certificate is wanted."""

    code = "tls-version-or-cipher-mismatch"
    summary = "client and server have no TLS version or cipher in common"
    question = "which TLS versions and ciphers does the server offer?"

    def meaning(self, served: ServedChain) -> str:
        if served.fault != "alert" or served.alert not in NOTHING_IN_COMMON:
            return ""
        return f"the server accepts nothing that was offered ({served.alert})"


CHECK = TlsVersionOrCipherMismatch()
