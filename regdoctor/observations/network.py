"""The lower layers: names, addresses, connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RoleKind = Literal["registry", "mirror", "realm", "redirect"]
LookupFault = Literal["", "no-such-host", "temporary", "timeout", "other"]
ConnectFault = Literal["", "refused", "timeout", "unreachable", "reset", "other"]


@dataclass(frozen=True, slots=True)
class Role:
    """Why an endpoint is contacted. Derived from the target and from configuration.

    ``domains`` are the registry names of references that lead there (``docker.io`` for a
    mirror of it). ``written`` is ``host[:port]`` literally as it was written: clients name
    their certificate directories by it, and never normalise ``:443`` away. ``origins`` names
    the files or answers that named the endpoint. ``asked_by`` names the clients that would
    contact it, empty where every client would. ``direct``: it is asked for under its own name
    too, whatever else has it for a mirror. Of a realm or a redirect target ``written`` is
    the registry's: clients take that registry's certificate files there as well.
    """

    kind: RoleKind
    domains: tuple[str, ...]
    written: str
    origins: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """The system resolver's answer. ``fault`` is empty where it gave addresses.

    ``fixed`` tells that the address was given (an IP literal, or ``--resolve``) and nothing
    was looked up. ``servers`` are the resolvers of ``resolv.conf``, of a lookup that failed.
    """

    host: str
    addresses: tuple[str, ...] = ()
    fault: LookupFault = ""
    text: str = ""
    fixed: bool = False
    seconds: float = 0.0
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectAttempt:
    """One TCP connection; ``address`` is ``ip:port`` (IPv6 in brackets)."""

    address: str
    fault: ConnectFault = ""
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """TCP connections to the addresses of an endpoint. ``via`` is a proxy's URL, or empty."""

    attempts: tuple[ConnectAttempt, ...]
    via: str = ""

    @property
    def reached(self) -> bool:
        return any(not attempt.fault for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class ResolverAnswer:
    """What one resolver of ``resolv.conf`` said when asked itself for ``kind`` (A or AAAA).

    ``rcode`` is its name in RFC 1035 and RFC 6895 (``NOERROR``, ``NXDOMAIN``), empty where no
    answer came and ``text`` says why.
    """

    server: str
    kind: str
    rcode: str = ""
    addresses: tuple[str, ...] = ()
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ResolverAnswers:
    """Every resolver's answers for a name, side by side; asked where something went wrong."""

    host: str
    answers: tuple[ResolverAnswer, ...]

    def of(self, server: str) -> tuple[ResolverAnswer, ...]:
        return tuple(each for each in self.answers if each.server == server)

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.server for each in self.answers))

    @property
    def differ(self) -> bool:
        """Whether two resolvers that answered gave no address in common for the same kind."""
        for kind in ("A", "AAAA"):
            given = [set(e.addresses) for e in self.answers if e.kind == kind and e.rcode]
            if any(not one & other and (one or other) for one in given for other in given):
                return True
        return False
