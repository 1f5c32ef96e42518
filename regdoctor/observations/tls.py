"""What a TLS port showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HandshakeFault = Literal[
    "", "plain-http", "not-tls", "alert", "closed", "reset", "timeout", "other"
]


@dataclass(frozen=True, slots=True)
class ServedChain:
    """The certificates a server sent (DER, in its order), or how the handshake ended.

    ``fault`` is empty where certificates came. ``text`` is the fault in words; ``alert`` the
    TLS alert's name; ``first_bytes`` what came in place of a TLS record (at most 64 bytes).
    ``seen_at`` is our clock, in seconds since the epoch. ``cipher`` is the IANA name of what the
    server chose.
    """

    server_name: str
    certificates: tuple[bytes, ...] = ()
    version: str = ""
    fault: HandshakeFault = ""
    text: str = ""
    alert: str = ""
    first_bytes: bytes = b""
    address: str = ""
    seen_at: float = 0.0
    client_certificate_requested: bool = False
    cipher: str = ""


@dataclass(frozen=True, slots=True)
class FetchedIssuer:
    """The certificate behind a CA-Issuers address of the topmost certificate served.

    ``certificate`` is DER, empty where nothing usable came; ``text`` then says why.
    ``self_signed``: it is a root. ``above`` are the issuers fetched beyond it, in order.
    """

    url: str
    certificate: bytes = b""
    self_signed: bool = False
    above: tuple[bytes, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class DefaultCertificate:
    """The leaf served to a client that names no host (no SNI); empty where none came."""

    certificate: bytes = b""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DirectChain:
    """What a server behind a proxy sends to a client that goes there without the proxy (DER);
    empty where it could not be reached so, and ``text`` says why."""

    certificates: tuple[bytes, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class HelloTry:
    """A ClientHello of ``octets``, and how it ended; ``fault`` is empty where an answer came.

    ``segment`` is the most that one packet carried either way (TCP's MSS), 0 where the path
    was left to choose.
    """

    octets: int
    segment: int = 0
    fault: HandshakeFault = ""
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LargeHello:
    """A hello as long as that of a Go program of today, in packets of usual size; and, where
    that failed and a short one did not, the same in small packets (``pieces``).

    ``control`` comes last, so that a server which was only busy is not blamed: a short hello
    where ``pieces`` failed, the long one in usual packets where it passed.
    """

    whole: HelloTry
    pieces: HelloTry | None = None
    control: HelloTry | None = None

    @property
    def length_matters(self) -> bool:
        """Long hellos get no answer in packets of any size, and a short one after them does."""
        return self._ended() == (True, True, False)

    @property
    def packets_matter(self) -> bool:
        """The same hello passes in small packets, and not in usual ones before and after."""
        return self._ended() == (True, False, True)

    def _ended(self) -> tuple[bool | None, ...]:
        """Which of the three failed; None for one that was not tried."""
        tries = (self.whole, self.pieces, self.control)
        return tuple(bool(each.fault) if each is not None else None for each in tries)


@dataclass(frozen=True, slots=True)
class SmallSegments:
    """A handshake in small packets, of a server that gave none in usual ones; and, where it
    came about, one in usual packets after it (``control``)."""

    attempt: HelloTry
    control: HelloTry | None = None

    @property
    def packets_matter(self) -> bool:
        """It came about in small packets, and still does not in usual ones."""
        again = self.control is not None and bool(self.control.fault)
        return not self.attempt.fault and again


@dataclass(frozen=True, slots=True)
class TlsVersions:
    """Which versions (``TLSv1`` to ``TLSv1.3``) the server takes, each offered alone."""

    taken: tuple[str, ...]
    refused: tuple[str, ...]
