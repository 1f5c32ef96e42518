"""Runs probes as soon as what they need was seen, side by side, bounded in time and number."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from builder.transport import Endpoint, InvalidEndpoint
from regdoctor.observations.store import HOST, Failure, Observations
from regdoctor.probes.protocol import Probe

MOST_AT_ONCE = 48
"""Probes under way at the same time."""
MOST_ENDPOINTS = 200
"""Endpoints of one run that are probed."""

Follow = Callable[[Observations, str, object], None]
"""Adds what follows from the observation (third) of an endpoint, endpoints included; pure."""


class Runner:
    """One run. Every probe asks an endpoint at most once.

    A probe gets three times ``seconds``: its own timeouts are finer, and tell more.
    """

    def __init__(
        self, seen: Observations, probes: Sequence[Probe], follow: Follow, seconds: float
    ) -> None:
        self._seen = seen
        self._probes = probes
        self._follow = follow
        self._limit = 3 * seconds
        self._gate = asyncio.Semaphore(MOST_AT_ONCE)
        self._asked: set[tuple[str, str]] = set()
        self._endpoints: dict[str, Endpoint] = {}
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Runner:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self._group.__aexit__(*exc)

    def begin(self, endpoints: Iterable[str]) -> None:
        """Starts on endpoints that are new, and on what has become possible at known ones."""
        for url in endpoints:
            if url not in self._endpoints and not self._admit(url):
                continue
            self._start(url)

    def task(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs ``work`` with the probes; what it raises is a fault of our own."""

        async def guarded() -> None:
            try:
                async with asyncio.timeout(2 * self._limit):
                    await work
            except TimeoutError:
                why = f"no result in {2 * self._limit:.0f} s"
                self._seen.add(HOST, Failure(name, name, why))
            except Exception as error:  # noqa: BLE001  # told as a finding about ourselves
                self._seen.add(HOST, _fault(name, name, error))

        self._group.create_task(guarded())

    def _admit(self, url: str) -> bool:
        if len(self._endpoints) >= MOST_ENDPOINTS:
            why = f"only {MOST_ENDPOINTS} endpoints are looked at in one run"
            self._seen.add(url, Failure("Resolution", "runner", why))
            return False
        try:
            self._endpoints[url] = Endpoint.parse(url)
        except InvalidEndpoint as error:
            self._seen.add(url, Failure("Resolution", "runner", str(error)))
            return False
        return True

    def _start(self, url: str) -> None:
        for probe in self._probes:
            if (url, probe.name) in self._asked:
                continue
            if not all(self._seen.has(need, url) for need in probe.needs):
                continue
            if self._seen.has(probe.gives, url):
                self._asked.add((url, probe.name))  # known from elsewhere: not asked twice
                continue
            if probe.applies(self._endpoints[url], self._seen):
                self._asked.add((url, probe.name))
                self._group.create_task(self._ask(url, probe))

    async def _ask(self, url: str, probe: Probe) -> None:
        try:
            async with self._gate, asyncio.timeout(self._limit):
                observed = await probe.observe(self._endpoints[url], self._seen)
        except TimeoutError:
            observed = Failure(
                probe.gives.__name__, probe.name, f"no result in {self._limit:.0f} s"
            )
        except Exception as error:  # noqa: BLE001  # told as a finding about ourselves
            observed = _fault(probe.gives.__name__, probe.name, error)
        self._seen.add(url, observed)
        known = set(self._seen.endpoints())
        try:
            self._follow(self._seen, url, observed)
        except Exception as error:  # noqa: BLE001  # told as a finding about ourselves
            self._seen.add(url, _fault("ChainVerdicts", "derive", error))
        self._start(url)
        self.begin(set(self._seen.endpoints()) - known)


def _fault(kind: str, probe: str, error: Exception) -> Failure:
    where = traceback.extract_tb(error.__traceback__)[-1]
    why = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
    return Failure(kind, probe, why, internal=True)
