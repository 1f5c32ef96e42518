"""Runs probes by need, side by side and bounded, and has the checks judge what they saw."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from builder.errors import BuilderError
from builder.oci.reference import Reference
from builder.transport import Endpoint, InvalidEndpoint
from regdoctor.checks.derive import derive
from regdoctor.clients.policy import MirrorUse
from regdoctor.clients.table import OWN, configured_mirrors
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.model.target import Target
from regdoctor.observations.from_exchanges import challenge_of, note_role, observe
from regdoctor.observations.host import IN_IMAGES, AskedClients, HostFiles, OwnTrust, RootsSeen
from regdoctor.observations.http import Challenge, ManifestLook, Ping
from regdoctor.observations.network import Role, RoleKind
from regdoctor.observations.proxies import ProxySetting, ShellProxies
from regdoctor.observations.store import HOST, Failure, Observations
from regdoctor.observations.tls import FetchedIssuer, ServedChain
from regdoctor.probes.clock import clock_of
from regdoctor.probes.host import HostReader
from regdoctor.probes.logins import LoginReader
from regdoctor.probes.machine import MachineReader

if TYPE_CHECKING:
    from builder.registry import Credential, Host, RegistryConfig, Session
    from builder.transport import ClientCertificate, Exchange, Observer, Trust


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target and what it leads to: images to resolve, registries to look at.

    ``addresses`` are endpoints given as URLs, contacted by the scheme that was written.
    ``noted`` are observations of what the user wrote, by name.
    ``platforms`` are (reference, platform) pairs where something says for which one it is wanted.
    ``push`` is a repository at its registry that may be written to; empty for none.
    """

    target: Target
    references: tuple[Reference, ...] = ()
    domains: tuple[str, ...] = ()
    addresses: tuple[Endpoint, ...] = ()
    noted: tuple[tuple[str, object], ...] = ()
    platforms: tuple[tuple[Reference, str], ...] = ()
    push: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to look: through whose eyes, with which roots and settings, for how long.

    ``credential`` is sent to every registry that is a target, and wins over files.
    ``client_certificate`` is shown to every registry that asks for one. ``on_exchange`` is
    told of every exchange, redacted. ``judged_by``: a client and the program whose rules decide
    for it, where that is not the usual one. ``state`` is where builds of this host are kept;
    facts of the machine are of interest only where ``host_root`` is its own.
    """

    config: RegistryConfig
    clients: tuple[str, ...] = (OWN,)
    judged_by: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    host_root: Path = Path("/")
    home: str = ""
    environ: Mapping[str, str] | None = None
    credential: Credential | None = None
    client_certificate: ClientCertificate | None = None
    on_exchange: Observer | None = None
    state: Path | None = None

    @property
    def overrides(self) -> dict[tuple[str, int], str]:
        """``--resolve`` as (host, port) to address. Raises InvalidOverride."""
        from builder.transport.transport import parse_override

        return dict(map(parse_override, self.config.resolve))


@dataclass(slots=True)
class Diagnosis:
    """What was seen and what it means. ``targets`` carry the endpoints they led to."""

    seen: Observations
    targets: tuple[Target, ...]
    findings: tuple[Finding, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()

    @property
    def internal(self) -> tuple[Failure, ...]:
        """Faults of our own."""
        return tuple(each for _, each in self.seen.failures() if each.internal)

    @property
    def answered(self) -> bool:
        """Whether any endpoint gave an HTTP answer."""
        pings = (self.seen.get(Ping, endpoint) for endpoint in self.seen.endpoints())
        return any(ping is not None and ping.answer.status for ping in pings)


async def diagnose(wanted: Sequence[Wanted], settings: Settings) -> Diagnosis:
    """Looks at every target and judges. Raises InvalidConfig for settings that cannot be used."""
    seen = Observations()
    reached, _ = await asyncio.gather(
        _look(seen, wanted, settings), asyncio.to_thread(_load_judges)
    )
    targets = (
        replace(each.target, endpoints=urls) for each, urls in zip(wanted, reached, strict=True)
    )
    return judged(seen, targets)


def _load_judges() -> None:
    """What ``judged`` imports: some 300 modules, which are read while the network is slow."""
    for name in ("regdoctor.checks.judge", "regdoctor.checks.plans", "regdoctor.fixes.table"):
        importlib.import_module(name)


def judged(seen: Observations, targets: Iterable[Target]) -> Diagnosis:
    """The verdict on observations, fresh or saved. No I/O."""
    from regdoctor.checks.judge import judge
    from regdoctor.checks.plans import derive_plans
    from regdoctor.fixes.table import with_fixes

    for endpoint in seen.endpoints():
        derive(seen, endpoint)
    derive_plans(seen)
    findings, questions = judge(seen)
    mended = tuple(with_fixes(seen, finding) for finding in findings)
    return Diagnosis(seen, tuple(targets), mended, questions)


async def _look(
    seen: Observations, wanted: Sequence[Wanted], settings: Settings
) -> list[tuple[str, ...]]:
    """Fills ``seen``; for each target, the endpoints it led to."""
    await asyncio.to_thread(_look_at_host, seen, wanted, settings)
    for each in wanted:
        for name, observation in each.noted:
            seen.add(HOST, observation, name=name)
    found = [(each, _hosts(seen, each, settings)) for each in wanted]
    if settings.client_certificate is not None:
        pair = settings.client_certificate
        found = [(each, tuple(_showing(host, pair) for host in hosts)) for each, hosts in found]
    spoken = await _spoken(
        {host: _seen_by_client(seen, host, settings) for _, hosts in found for host in hosts},
        settings,
    )
    by_domain: dict[str, list[Host]] = {}
    for host in spoken.values():
        of_domain = by_domain.setdefault(host.domain, [])
        if host not in of_domain:
            of_domain.append(host)
    for own, host in spoken.items():
        _enter(seen, host, own.trust, settings)
    told: list[Exchange] = []
    async with _session(settings, by_domain, told) as session:
        pushes = {
            spoken[host].endpoint.url: each.push
            for each, hosts in found
            for host in hosts
            if each.push and host.role == "origin" and "push" in host.capabilities
        }
        await _probe(seen, session, settings, spoken.values(), wanted, told, pushes)
    return [tuple(dict.fromkeys(spoken[host].endpoint.url for host in hosts)) for _, hosts in found]


def _look_at_host(seen: Observations, wanted: Sequence[Wanted], settings: Settings) -> None:
    """The files of clients and the pool of roots: what verdicts are made with."""
    from builder.transport import image_roots, system_roots
    from regdoctor.clients.table import images_of, in_containers

    seen.add(HOST, AskedClients(settings.clients))
    environ = os.environ if settings.environ is None else settings.environ
    here = settings.host_root == Path("/")
    files = HostReader(settings.host_root, settings.home, environ if here else {}).read()
    asked = images_of(reference for each in wanted for reference in each.references)
    files = replace(files, judged_by=settings.judged_by, asked=asked)
    seen.add(HOST, files)
    if here:
        seen.add(HOST, MachineReader(settings.home, environ, settings.state).read(files))
    seen.add(HOST, ShellProxies(ProxySetting.of(OWN, "the environment", environ)))
    home = settings.home or environ.get("HOME", "").rstrip("/")
    seen.add(HOST, LoginReader(settings.host_root, home, environ if here else {}).read())
    roots = system_roots(settings.environ, settings.host_root)
    seen.add(HOST, RootsSeen(roots.certificates, roots.sources))
    if in_containers(files, settings.clients):
        public = image_roots()
        seen.add(HOST, RootsSeen(public.certificates, public.sources), name=IN_IMAGES)


def _hosts(seen: Observations, wanted: Wanted, settings: Settings) -> tuple[Host, ...]:
    """Every host that the target leads to, in the order of contact."""
    found: dict[Host, None] = {}
    for domain in (*wanted.domains, *(reference.domain for reference in wanted.references)):
        found.update(dict.fromkeys(_mirrors_of_clients(seen, domain, settings)))
        found.update(dict.fromkeys(settings.config.hosts(domain)))
    for endpoint in wanted.addresses:
        # The scheme that was written holds; trust is that of the settings for the address.
        own = settings.config.hosts(endpoint.authority)[-1]
        found[replace(own, endpoint=endpoint, http_fallback=False, https_upgrade=False)] = None
    return tuple(_impatient(host, settings.timeout) for host in found)


def _impatient(host: Host, seconds: float) -> Host:
    """The host, for which no connection is waited longer than for anything else."""
    return replace(host, connect_timeout=min(host.connect_timeout, seconds))


def _showing(host: Host, pair: ClientCertificate) -> Host:
    """The host with a client certificate to show."""
    pairs = (*host.trust.client_certificates, pair)
    return replace(host, trust=msgspec.structs.replace(host.trust, client_certificates=pairs))


def _seen_by_client(seen: Observations, host: Host, settings: Settings) -> Host:
    """The host as the one client contacts it through whose eyes the user looks."""
    from regdoctor.probes.disguise import as_client

    if len(settings.clients) != 1 or host.endpoint.scheme == "http":
        return host
    return as_client(host, settings.clients[0], seen.get(HostFiles, HOST) or HostFiles())


async def _spoken(hosts: Mapping[Host, Host], settings: Settings) -> dict[Host, Host]:
    """Each host, as it is contacted, with the scheme that it speaks where both are allowed."""
    from regdoctor.probes.tls import speaks_tls

    async def settled(host: Host) -> Host:
        if not (host.http_fallback or host.https_upgrade):
            return host
        tls = await speaks_tls(host.endpoint, settings.overrides, settings.timeout)
        scheme = host.endpoint.scheme if tls is None else "https" if tls else "http"
        endpoint = Endpoint(scheme, host.endpoint.host, host.endpoint.port)
        return replace(host, endpoint=endpoint, http_fallback=False, https_upgrade=False)

    settled_hosts = await asyncio.gather(*map(settled, hosts.values()))
    return dict(zip(hosts, settled_hosts, strict=True))


def _enter(seen: Observations, host: Host, trust: Trust, settings: Settings) -> None:
    """Why the host is contacted, and what we trust there ourselves."""
    url = host.endpoint.url
    kind: RoleKind = "mirror" if host.role == "mirror" else "registry"
    uses = [use for use in _mirrors(seen) if _same_address(use, host.endpoint)]
    ours = settings.config.hosts(host.domain)
    own = any(h.role == "mirror" and _same_server(h.endpoint, host.endpoint) for h in ours)
    note_role(seen, url, kind, host.domain, origin=settings.config.source if own else "")
    role = seen.get(Role, url)
    assert role is not None
    role = replace(role, direct=role.direct or kind == "registry")
    seen.add(url, role)
    if uses or kind == "mirror":
        # A registry that other clients of this host use as a mirror is judged as one too.
        names = (*(use.client for use in uses), *((OWN,) if own else ()))
        role = replace(
            role,
            kind="mirror",
            domains=tuple(dict.fromkeys((*(use.domain for use in uses), host.domain)))
            if kind == "mirror"
            else tuple(dict.fromkeys(use.domain for use in uses)),
            origins=tuple(dict.fromkeys((*role.origins, *(use.origin for use in uses)))),
            asked_by=tuple(dict.fromkeys(names)),
        )
        seen.add(url, role)
    roots = seen.get(RootsSeen, HOST)
    system = set(roots.certificates) if roots else set()
    extra = tuple(each for each in trust.roots.certificates if each not in system)
    known = set(roots.sources) if roots else set()
    sources = tuple(each for each in trust.roots.sources if each not in known)
    seen.add(url, OwnTrust(extra, sources, trust.insecure))


def _mirrors(seen: Observations) -> tuple[MirrorUse, ...]:
    return configured_mirrors(seen.get(HostFiles, HOST) or HostFiles())


def _mirrors_of_clients(seen: Observations, domain: str, settings: Settings) -> Iterator[Host]:
    """Mirrors of ``domain`` that the clients asked for have in their own configuration."""
    for use in _mirrors(seen):
        if use.client not in settings.clients or use.domain != domain:
            continue
        try:
            endpoint = Endpoint.parse(use.url)
        except InvalidEndpoint:
            continue
        own = settings.config.hosts(endpoint.authority)[-1]
        yield replace(
            own,
            domain=domain,
            endpoint=endpoint,
            path=urlsplit(use.url).path,
            role="mirror",
            http_fallback=use.insecure,
            https_upgrade=False,
            trust=msgspec.structs.replace(own.trust, insecure=own.trust.insecure or use.insecure),
        )


def _same_server(one: Endpoint, other: Endpoint) -> bool:
    """Whatever scheme turned out to be spoken there."""
    return (one.host, one.port) == (other.host, other.port) or one.authority == other.authority


def _same_address(use: MirrorUse, endpoint: Endpoint) -> bool:
    """Whether the mirror is at ``endpoint``; an insecure one by whatever scheme is spoken."""
    try:
        mirror = Endpoint.parse(use.url)
    except InvalidEndpoint:
        return False
    return mirror == endpoint or (use.insecure and _same_server(mirror, endpoint))


async def _probe(
    seen: Observations,
    session: Session,
    settings: Settings,
    hosts: Iterable[Host],
    wanted: Sequence[Wanted],
    told: Sequence[Exchange],
    pushes: Mapping[str, str],
) -> None:
    from regdoctor.probes.manifest import Images
    from regdoctor.probes.runner import Runner
    from regdoctor.probes.table import endpoint_probes

    by_url = {host.endpoint.url: host for host in hosts}
    references = dict.fromkeys(ref for each in wanted for ref in each.references)
    resolved = frozenset(reference.domain for reference in references)
    probes = endpoint_probes(
        session, by_url, settings.overrides, settings.timeout, settings.environ, resolved, pushes
    )
    runner = Runner(seen, probes, _follow, settings.timeout)

    images = Images(
        seen,
        session,
        settings.timeout,
        [pair for each in wanted for pair in each.platforms],
        settings.environ,
    )

    async def resolve(reference: Reference) -> None:
        # The error is among the attempts, which tell more than it does.
        resolved = None
        asked = [host.endpoint.url for host in by_url.values() if host.domain == reference.domain]
        seconds = (2 + max(1, len(asked))) * settings.timeout
        try:
            async with asyncio.timeout(seconds):
                with contextlib.suppress(BuilderError):
                    resolved = await session.resolve(reference)
        except TimeoutError:
            # Each byte came in time, and the whole answer did not.
            why = f"no whole answer about {reference} in {seconds:.0f} s"
            for url in asked:
                seen.add(url, Failure(ManifestLook.__name__, "manifest", why))
        observe(seen, session.attempts(reference), told)
        runner.begin(seen.endpoints())
        await images.look(reference, resolved)
        runner.begin(seen.endpoints())

    async with runner:
        runner.begin(by_url)
        for reference in references:
            runner.task(f"resolve {reference}", resolve(reference))


def _follow(seen: Observations, endpoint: str, observed: object) -> None:
    """What an observation implies: the clock, the challenge, the token server, verdicts."""
    if isinstance(observed, Ping):
        answer = observed.answer
        if (clock := clock_of(answer)) is not None:
            seen.add(endpoint, clock)
        if answer.status == 401 and (offered := challenge_of(answer)):
            seen.add(endpoint, offered)
            _enter_realm(seen, endpoint, offered)
    elif isinstance(observed, ServedChain | FetchedIssuer):
        derive(seen, endpoint)


def _enter_realm(seen: Observations, endpoint: str, challenge: Challenge) -> None:
    from builder.transport.metadata import is_metadata

    if challenge.scheme != "bearer":
        return  # of Basic it is a name, even where it looks like an address
    role = seen.get(Role, endpoint)
    try:
        realm = Endpoint.parse(challenge.realm) if "://" in challenge.realm else None
    except InvalidEndpoint:
        return
    if realm is None or realm.url == endpoint or role is None:
        return
    if is_metadata(realm.host) or "," in realm.host:
        return  # no token is asked for there, and nothing else is
    domain = role.domains[0] if role.domains else role.written
    note_role(seen, realm.url, "realm", domain, written=role.written)
    own = seen.get(OwnTrust, endpoint)
    if own is not None:
        seen.add(realm.url, own)


@contextlib.asynccontextmanager
async def _session(
    settings: Settings, hosts: Mapping[str, Sequence[Host]], told: list[Exchange]
) -> AsyncIterator[Session]:
    """A session over the hosts as they speak, which shows every failure: no retries.

    ``told`` gets every exchange.
    """
    from builder.registry import CredentialStore, RetryPolicy, Session
    from builder.transport.transport import Transport

    transport = Transport(
        environ=settings.environ,
        resolve=settings.config.resolve,
        connect_timeout=settings.timeout,
        tls_timeout=settings.timeout,
        read_timeout=settings.timeout,
        on_exchange=told.append,
    )
    if settings.on_exchange is not None:
        transport.observe(settings.on_exchange)
    given = {}
    if settings.credential is not None:
        # A mirror has a login of its own; this one is for the targets themselves.
        names = {d for d, of in hosts.items() if any(host.role == "origin" for host in of)}
        given = dict.fromkeys(names, settings.credential)
    async with transport:
        session = Session(
            transport=transport,
            config=settings.config,
            credentials=CredentialStore(settings.environ, given=given),
            policy=RetryPolicy(retries=0),
            hosts_of=lambda domain: tuple(hosts[domain]),
            environ=settings.environ,
        )
        async with session:
            yield session
