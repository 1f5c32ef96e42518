"""The port takes a connection, and no TLS handshake comes about, for no reason of its own page."""

from __future__ import annotations

from regdoctor.checks.network.handshakes import HandshakeCheck
from regdoctor.checks.network.tls_unrecognized_name import UNRECOGNIZED
from regdoctor.checks.network.tls_version_or_cipher_mismatch import NOTHING_IN_COMMON
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import HandshakeFault, ServedChain, SmallSegments

_MEANING: dict[HandshakeFault, str] = {
    "reset": "the connection is reset during it",
    "timeout": "no answer came in time",
    "other": "the server does not keep to the protocol",
}


class TlsHandshakeFailure(HandshakeCheck):
    """What the more exact checks leave; names the causes that look alike as questions."""

    code = "tls-handshake-failure"
    summary = "no TLS handshake with the registry comes about"
    question = "how does the TLS handshake end?"
    texts = (
        "remote error: tls: *",
        "net/http: TLS handshake timeout",
    )

    def meaning(self, served: ServedChain) -> str:
        if served.fault == "alert":
            taken = served.alert in UNRECOGNIZED | NOTHING_IN_COMMON
            return "" if taken else f"the server refuses it with an alert ({served.alert})"
        return _MEANING.get(served.fault, "")

    def suspects(
        self, served: ServedChain, seen: Observations, endpoint: str
    ) -> tuple[tuple[str, str], ...]:
        """Where the probes for these two were not run, or through a proxy cannot be."""
        if served.fault != "timeout" or seen.has(SmallSegments, endpoint):
            return ()
        return (
            (
                "tls-handshake-timeout-mtu-blackhole",
                "do small packets pass while large ones vanish on this path?",
            ),
            (
                "tls-handshake-timeout-post-quantum-clienthello",
                "does a ClientHello that fits one segment get an answer?",
            ),
        )


CHECK = TlsHandshakeFailure()
