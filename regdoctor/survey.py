"""What each client on a host would do for a reference, and whether it would trust what it meets."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.transport import Endpoint, InvalidEndpoint, image_roots
from regdoctor.clients.onhost import KINDS, plan_on
from regdoctor.clients.plan import Endpoint as Planned
from regdoctor.clients.policy import pool_of
from regdoctor.clients.told import told
from regdoctor.observations.host import HostFiles, RootsSeen
from regdoctor.observations.network import Role
from regdoctor.observations.plans import ClientPlanSeen, PlannedEndpoint
from regdoctor.observations.store import Failure, Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.x509 import LATEST, pem_of, verify

MOST_AT_ONCE = 16
_USUAL = ("docker-pull", "docker-build", "docker-desktop", "docker-desktop-build", "buildkitd")
_NODES = ("buildx", "cri", "ctr", "nerdctl", "k3s", "rke2", "kind")
_OWN = ("podman", "buildah", "skopeo", "cri-o", "crane", "kaniko")
Chains = Mapping[str, ServedChain | str]
"""By ``https://host:port``: what was served, or why nothing was seen."""


def installed(files: HostFiles) -> tuple[str, ...]:
    """The programs that this host has, as far as its files and its packages tell."""
    return tuple(name for name in (*_USUAL, *_NODES, *_OWN) if KINDS[name].on(files))


async def survey(
    files: HostFiles,
    roots: RootsSeen,
    programs: Sequence[str],
    reference: str,
    *,
    version: str = "",
    seconds: float = 5.0,
    look: bool = True,
) -> list[ClientPlanSeen]:
    """One plan a program, every TLS endpoint with the client's verdict on its chain.

    ``seconds`` are for each wait. ``look``: connect to the endpoints; without it nobody is
    trusted or distrusted.
    """
    plans = [told(files, name, reference, version) for name in programs]
    if not look:
        return plans
    chains = await _chains({each.url for plan in plans for each in plan.endpoints}, seconds)
    return [
        replace(plan, endpoints=tuple(_judged(files, roots, plan, version, chains)))
        for plan in plans
    ]


def _judged(
    files: HostFiles, roots: RootsSeen, seen: ClientPlanSeen, version: str, chains: Chains
) -> list[PlannedEndpoint]:
    plan = plan_on(files, seen.client, seen.reference, given=version)
    pairs = zip(seen.endpoints, plan.endpoints, strict=True)
    return [_verdict(kept, planned, roots, chains) for kept, planned in pairs]


def _verdict(
    kept: PlannedEndpoint, planned: Planned, roots: RootsSeen, chains: Chains
) -> PlannedEndpoint:
    if kept.broken or "https" not in kept.schemes:
        return kept
    address = _address(kept.url)
    served = chains.get(address, "not looked at")
    if isinstance(served, str):
        return replace(kept, error=served)
    if not kept.verify:
        return replace(kept, trusted=True)
    go = ".".join(map(str, planned.transport.process.go)) or LATEST
    when = dt.datetime.fromtimestamp(served.seen_at, dt.UTC)
    system = roots.certificates
    match pool_of(planned.transport.process):
        case "image":
            system = image_roots().certificates
        case "unknown":
            return replace(kept, error=f"it has {kept.store}")
    pool = (pem_of(system), *(each.content for each in planned.transport.extra))
    verdict = verify(served.certificates, pool, served.server_name, when, go)
    return replace(kept, trusted=verdict.accepted, error=verdict.text)


async def _chains(urls: set[str], seconds: float) -> dict[str, ServedChain | str]:
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def looked(address: str) -> ServedChain | str:
        async with gate:
            return await _look(address, seconds)

    addresses = sorted({_address(url) for url in urls if url.startswith("https://")})
    found = await asyncio.gather(*map(looked, addresses))
    return dict(zip(addresses, found, strict=True))


async def _look(address: str, seconds: float) -> ServedChain | str:
    from builder.transport.proxy import ProxyRules
    from regdoctor.probes.network import Lookup
    from regdoctor.probes.tls import Handshake

    try:
        endpoint = Endpoint.parse(address)
    except InvalidEndpoint as error:
        return str(error)
    seen = Observations()
    seen.add(endpoint.url, Role("registry", (endpoint.authority,), endpoint.authority))
    rules = ProxyRules(None)
    for probe in (Lookup({}, rules, seconds), Handshake(seconds, rules)):
        if not probe.applies(endpoint, seen):
            continue
        found = await probe.observe(endpoint, seen)
        seen.add(endpoint.url, found)
        if isinstance(found, Failure):
            return found.why
    served = seen.get(ServedChain, endpoint.url)
    if served is None:
        return "its name does not resolve here"
    return served if served.certificates else served.text


def _address(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def read_host(
    root: Path, home: str, environ: Mapping[str, str], *, ask: bool
) -> tuple[HostFiles, RootsSeen]:
    """The files of clients and the pool of roots. Blocking.

    ``ask``: run the programs that are there for their versions, where no package tells.
    """
    from builder.transport import system_roots
    from regdoctor.probes.host import HostReader
    from regdoctor.probes.programs import asked_versions

    own = environ if root == Path("/") else {}
    files = HostReader(root, home, own).read()
    if ask and root == Path("/"):
        files = replace(files, versions=asked_versions(files.versions))
    roots = system_roots(own, root)
    return files, RootsSeen(roots.certificates, roots.sources)
