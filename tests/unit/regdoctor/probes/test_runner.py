"""Probes run by need, once, side by side; their faults are told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from builder.transport import Endpoint
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import Failure, Observations
from regdoctor.probes.protocol import Probe
from regdoctor.probes.runner import Runner
from tests.fixtures.scenes import HTTPS, answer


@dataclass
class Toy:
    """Gives ``makes``; counts how often it was asked, and when."""

    name: str
    makes: object
    needs: tuple[type, ...] = ()
    asked: list[str] = field(default_factory=list)
    wait: asyncio.Event | None = None

    @property
    def gives(self) -> type:
        return type(self.makes)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return True

    async def observe(self, endpoint: Endpoint, seen: Observations) -> object:
        self.asked.append(endpoint.url)
        if self.wait is not None:
            await self.wait.wait()
        if isinstance(self.makes, Exception):
            raise self.makes
        return self.makes


RESOLVED = Resolution("registry.example", ("192.0.2.1",))
PING = Ping(Answer("GET", HTTPS + "/v2/", 200))


def nothing(seen: Observations, endpoint: str, observed: object) -> None:
    """Nothing follows."""


async def run(*probes: Probe, seen: Observations | None = None, seconds: float = 5) -> Observations:
    seen = Observations() if seen is None else seen
    async with Runner(seen, probes, nothing, seconds) as runner:
        runner.begin([HTTPS])
        runner.begin([HTTPS])
    return seen


async def test_a_probe_waits_for_what_it_needs_and_is_asked_once() -> None:
    first, second = Toy("dns", RESOLVED), Toy("tcp", Connection(()), needs=(Resolution,))
    seen = await run(second, first)
    assert (first.asked, second.asked) == ([HTTPS], [HTTPS])
    assert seen.get(Connection, HTTPS) == Connection(())


async def test_a_probe_is_not_asked_where_its_need_is_never_met() -> None:
    orphan = Toy("tcp", Connection(()), needs=(Resolution,))
    await run(orphan)
    assert orphan.asked == []


async def test_what_is_known_already_is_not_asked_again() -> None:
    seen = Observations()
    seen.add(HTTPS, RESOLVED)
    probe = Toy("dns", RESOLVED)
    await run(probe, seen=seen)
    assert probe.asked == []


async def test_probes_without_needs_run_side_by_side() -> None:
    gate = asyncio.Event()
    slow = Toy("dns", RESOLVED, wait=gate)

    class Opener(Toy):
        async def observe(self, endpoint: Endpoint, seen: Observations) -> object:
            gate.set()
            return await super().observe(endpoint, seen)

    await asyncio.wait_for(run(slow, Opener("ping", PING)), 2)
    assert slow.asked == [HTTPS]


async def test_a_probe_that_raises_is_a_fault_of_ours_and_the_others_go_on() -> None:
    broken, fine = Toy("dns", RESOLVED), Toy("ping", PING)
    broken.observe = _raise  # type: ignore[method-assign]
    seen = await run(broken, fine)
    failure = seen.failure(Resolution, HTTPS)
    assert failure is not None
    assert failure.internal
    assert "KeyError" in failure.why
    assert seen.get(Ping, HTTPS) == PING


async def _raise(endpoint: Endpoint, seen: Observations) -> object:
    raise KeyError("oops")


async def test_a_probe_that_never_ends_is_given_up() -> None:
    seen = await run(Toy("dns", RESOLVED, wait=asyncio.Event()), seconds=0.02)
    failure = seen.failure(Resolution, HTTPS)
    assert failure is not None
    assert not failure.internal


async def test_an_endpoint_that_an_observation_names_is_looked_at_too() -> None:
    realm = "https://auth.example"
    probe = Toy("ping", Ping(answer()))

    def follow(seen: Observations, endpoint: str, observed: object) -> None:
        if seen.get(Role, realm) is None:
            seen.add(realm, Role("realm", ("x",), "x"))

    seen = Observations()
    async with Runner(seen, [probe], follow, 5) as runner:
        runner.begin([HTTPS])
    assert sorted(probe.asked) == [realm, HTTPS]


async def test_a_task_that_fails_is_told() -> None:
    seen = Observations()

    async def work() -> None:
        raise ValueError("oops")

    async with Runner(seen, [], nothing, 5) as runner:
        runner.task("resolve x", work())
    ((_, failure),) = seen.failures()
    assert failure == Failure("resolve x", "resolve x", failure.why, internal=True)
