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
