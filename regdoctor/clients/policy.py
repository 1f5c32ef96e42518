"""What a client does with one registry address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from regdoctor.clients.plan import ELSEWHERE, IMAGE, Endpoint, Process, Transport

Plain = Literal["never", "fallback", "only"]
Pool = Literal["host", "image", "unknown"]
_POOLS: Mapping[str, Pool] = {IMAGE: "image", ELSEWHERE: "unknown"}


@dataclass(frozen=True, slots=True)
class Policy:
    """How ``client`` would treat ``host[:port]``.

    ``extra`` is PEM trusted beside the system's pool, read from ``sources``. ``insecure``:
    certificates are not verified. ``plain``: whether http is spoken, and when. ``pair``: it has
    a client certificate to show. ``broken`` is what in its files makes every contact fail.
    ``go``: the release that it was built with, empty for the newest. ``pool``: whose system's
    roots it trusts, this host's or those of an image; of another host's nothing is known.
    """

    client: str
    extra: tuple[bytes, ...] = ()
    sources: tuple[str, ...] = ()
    insecure: bool = False
    plain: Plain = "never"
    pair: bool = False
    broken: str = ""
    go: str = ""
    pool: Pool = "host"


@dataclass(frozen=True, slots=True)
class MirrorUse:
    """One configured mirror: ``url`` as contacted, of ``domain``, in the file ``origin``.

    ``insecure``: any certificate will do, and http where there is no TLS.
    """

    client: str
    domain: str
    url: str
    origin: str
    insecure: bool = False


def pool_of(process: Process) -> Pool:
    """Whose pool of roots a process has."""
    return _POOLS.get(process.store, "host")


def policy_of(client: str, endpoint: Endpoint) -> Policy:
    """What the plan's endpoint says, for the contact itself."""
    schemes = [attempt.scheme for attempt in endpoint.attempts]
    plain: Plain = "never"
    if "http" in schemes:
        plain = "fallback" if "https" in schemes else "only"
    return _policy(client, endpoint.transport, plain, endpoint.broken)


def realm_policy(client: str, endpoint: Endpoint) -> Policy:
    """The same for the server that gives tokens for the endpoint."""
    transport = endpoint.tokens or endpoint.transport
    return _policy(client, transport, "never", endpoint.broken)


def _policy(client: str, transport: Transport, plain: Plain, broken: str) -> Policy:
    return Policy(
        client,
        tuple(each.content for each in transport.extra),
        tuple(each.path for each in transport.extra),
        insecure=not transport.verify and plain != "only",
        plain=plain,
        pair=bool(transport.pairs),
        broken=broken,
        go=".".join(map(str, transport.process.go)),
        pool=pool_of(transport.process),
    )
