"""Through whose eyes the user looks: a fault of a host is told where it concerns one of them."""

from __future__ import annotations

from regdoctor.clients.table import OWN
from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations


def asked(seen: Observations) -> tuple[str, ...]:
    """The clients that were asked for; ourselves where nobody was named."""
    named = seen.get(AskedClients, HOST)
    return named.names if named else (OWN,)
