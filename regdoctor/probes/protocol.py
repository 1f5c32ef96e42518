"""The contract of a probe."""

from __future__ import annotations

from typing import Protocol

from builder.transport import Endpoint
from regdoctor.observations.store import Failure, Observations


class Probe(Protocol):
    """Makes one kind of observation of an endpoint. Raises nothing on purpose: what the world
    does wrong is an observation, what keeps the probe from looking is a Failure."""

    @property
    def name(self) -> str: ...
    @property
    def gives(self) -> type: ...
    @property
    def needs(self) -> tuple[type, ...]: ...
    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        """Whether the question makes sense, given what was seen; needs are there already."""
        ...

    async def observe(self, endpoint: Endpoint, seen: Observations) -> object | Failure: ...
