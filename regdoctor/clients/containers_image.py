"""podman, buildah, skopeo and CRI-O: what containers/image would contact.

Which table of registries.conf matches, which endpoints follow from it, and how each is treated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from builder.oci.reference import DOCKER_HUB, InvalidReference, Reference, parse
from regdoctor.clients import certs_d
from regdoctor.clients.auth_files import AuthFiles, BrokenAuthFile
from regdoctor.clients.commands_of_podman import Command, command_of
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines import containers_image as engine
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.image_library import go_of, minor_of
from regdoctor.clients.plan import (
    Attempt,
    ClientPlan,
    Credential,
    Endpoint,
    Process,
    Role,
    Situation,
    Transport,
)
from regdoctor.clients.podman_notes import notes_of
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.registries_conf import (
    BrokenConf,
    Conf,
    Mirror,
    Paths,
    Reading,
    Registry,
    load,
)
from regdoctor.clients.short_names import Unresolved, candidates
from regdoctor.clients.wire import Wire

HUB_HOST = "registry-1.docker.io"
PULL, PUSH, TAGS, DELETE, LOGIN = ({"pull", "resolve"}, {"push"}, {"tags"}, {"delete"}, {"login"})
NEWEST = 6
"""podman from here on searches files as go.podman.io's configfile does."""


def evaluate(situation: Situation) -> ClientPlan:
    """The endpoints of one command, each kind of request with its own."""
    command = command_of(situation)
    plan = ClientPlan(
        situation.client,
        situation.version,
        _first(command, situation),
        (),
        executed=not _newest(situation) and situation.client != "cri-o",
    )
    files = Filesystem(situation.files)
    if command.authfile_checked and not files.exists(command.authfile):
        why = f"checking authfile: stat {command.authfile}: no such file or directory"
        return replace(plan, refuses=why)
    minor = minor_of(situation.client, situation.version)
    try:
        conf = load(files, _paths(situation, command), Reading(minor))
        evaluation = _Evaluation(situation, command, files, conf, minor)
        endpoints = tuple(evaluation.endpoints())
    except (BrokenConf, InvalidReference, Unresolved) as error:
        return replace(plan, refuses=str(error))
    notes = notes_of(files, conf, situation, plan.reference, endpoints)
    return with_dangers(replace(plan, endpoints=endpoints, notes=notes), "registries.conf")


def _first(command: Command, situation: Situation) -> Reference:
    for text in (command.pull, command.push, command.other, situation.reference):
        if text:
            try:
                return parse(text)
            except InvalidReference:
                continue
    return parse("unknown.invalid/unknown")


def _newest(situation: Situation) -> bool:
    return situation.client == "podman" and situation.version.since(NEWEST)


def _paths(situation: Situation, command: Command) -> Paths:
    environment = situation.environment
    newest = _newest(situation)
    given, only = command.registries_conf, False
    if not given and situation.client != "skopeo" and situation.client != "cri-o":
        variable = environment.get("CONTAINERS_REGISTRIES_CONF", "")
        reads_first = minor_of(situation.client, situation.version) >= 11
        given = variable if reads_first or newest else ""
        only = bool(newest and given)
        # podman knew the older name before; buildah learnt both at once.
        knows_older = situation.client == "podman" or reads_first
        if not given and knows_older and not newest:
            given = environment.get("REGISTRIES_CONFIG_PATH", "")
    return Paths(
        home=situation.files.home or "/root",
        given=given,
        config_home=environment.get("XDG_CONFIG_HOME", ""),
        newest=newest,
        override=environment.get("CONTAINERS_REGISTRIES_CONF_OVERRIDE", "") if newest else "",
        only_given=only,
        uid=situation.uid,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """One address of an image: the reference as asked there."""

    reference: Reference
    insecure: bool
    role: Role


class _Evaluation:
    """One command on one host."""

    def __init__(
        self, situation: Situation, command: Command, files: Filesystem, conf: Conf, minor: int
    ) -> None:
        self._situation, self._command = situation, command
        self._files, self._conf = files, conf
        self._minor = minor
        self._home = situation.files.home or "/root"
        self._process: Process = process(files, situation.environment, go_of(minor))
        self._auth = AuthFiles(
            self._home,
            situation.environment,
            situation.uid,
            command.authfile or situation.environment.get("REGISTRY_AUTH_FILE", ""),
            alone=minor >= 25,
            namespaced=minor >= 17,
        )

    def endpoints(self) -> Iterator[Endpoint]:
        if self._command.pull:
            yield from self._pulls()
        for text, capabilities in (
            (self._command.push, PUSH),
            (self._command.tags, TAGS),
            (self._command.delete, DELETE),
            (self._command.login, LOGIN),
        ):
            if text:
                yield self._own(parse(text), frozenset(capabilities))

    def _pulls(self) -> Iterator[Endpoint]:
        short = self._situation.client in ("podman", "buildah")
        names = (
            candidates(self._command.pull, self._files, self._conf, self._situation)
            if short
            else (self._command.pull,)
        )
        for name in names:
            reference = parse(name)
            for source in self._sources(reference):
                yield self._endpoint(source, frozenset(PULL), primary=reference.domain)

    def _sources(self, reference: Reference) -> tuple[Source, ...]:
        """Mirrors in file order, then the location itself. Raises InvalidReference."""
        registry = self._conf.matching(str(reference))
        if registry is None:
            return (Source(reference, False, "origin"),)
        if registry.blocked and self._refuses_blocked:
            raise Unresolved(
                f'pull access to registry for "docker://{reference.familiar()}" '
                "is blocked by configuration"
            )
        text = str(reference)
        rest = text[self._conf.match_length(text, registry.prefix) :]
        found = [
            Source(_rewritten(mirror.location, rest), mirror.insecure, "mirror")
            for mirror in registry.mirrors
            if _used(mirror, registry, reference)
        ]
        # Without a location (a wildcard has none) the reference stays as it is.
        primary = _rewritten(registry.location, rest) if registry.location else reference
        return (*found, Source(primary, registry.insecure, "origin"))

    @property
    def _refuses_blocked(self) -> bool:
        """buildah looked at the table itself before it asked anybody."""
        return self._situation.client == "buildah" and self._minor < 12

    def _own(self, reference: Reference, capabilities: frozenset[str]) -> Endpoint:
        """What is not a pull goes to the reference's own host; only insecure and blocked count."""
        registry = self._conf.matching(str(reference))
        insecure = registry is not None and registry.insecure
        source = Source(reference, insecure, "origin")
        return self._endpoint(source, capabilities, primary=reference.domain)

    def _endpoint(self, source: Source, capabilities: frozenset[str], primary: str) -> Endpoint:
        pushes = "push" in capabilities
        side = self._command.destination if pushes else self._command.source
        insecure = source.insecure if side.verify is None else not side.verify
        reference = source.reference
        host = HUB_HOST if reference.domain == DOCKER_HUB else reference.domain
        found = self._certificates(side.cert_dir, reference.domain)
        broken = self._blocked(reference) or found.broken
        credential: Credential | None = None
        if side.credential is not None:
            credential = side.credential if reference.domain == primary else None
        if (
            credential is None
            and not side.anonymous
            and (side.credential is None or reference.domain != primary)
        ):
            try:
                credential = self._auth.lookup(self._files, reference.name)
            except BrokenAuthFile as error:
                broken = broken or str(error)
        transport = Transport(self._process, found.extra, not insecure, found.pairs)
        proxies = self._process.proxies
        schemes: tuple[Attempt, ...] = (Attempt("https", proxies.proxy_of("https", host)),)
        if insecure:
            schemes = (*schemes, Attempt("http", proxies.proxy_of("http", host)))
        return Endpoint(
            host=host,
            path="/v2",
            repository=reference.path,
            attempts=schemes,
            transport=transport,
            role=source.role,
            capabilities=capabilities,
            credential=credential,
            broken=broken,
        )

    def _certificates(self, cert_dir: str, host: str) -> certs_d.Certificates:
        if cert_dir:
            return certs_d.of_directory(self._files, cert_dir)
        config_home = self._situation.environment.get("XDG_CONFIG_HOME", "")
        newest = _newest(self._situation)
        roots = certs_d.roots_of(self._home, config_home, newest=newest, uid=self._situation.uid)
        return certs_d.of_host(self._files, roots, host)

    def _blocked(self, reference: Reference) -> str:
        """A table of its own may block the address that is reached."""
        registry = self._conf.matching(str(reference))
        if registry is None or not registry.blocked:
            return ""
        return f"registry {reference.domain} is blocked in {registry.file}"


def _used(mirror: Mirror, registry: Registry, reference: Reference) -> bool:
    if reference.digest is not None:
        return mirror.pulls != "tag-only"
    return not registry.by_digest_only and mirror.pulls != "digest-only"


def _rewritten(location: str, rest: str) -> Reference:
    """``location`` and what follows the prefix in the reference. Raises InvalidReference.

    The port of a reference is no part of a prefix without one, and stays in what follows.
    """
    written = location + rest
    try:
        parsed = parse(written)
    except InvalidReference as error:
        raise InvalidReference(written, f"rewriting reference: {error.why}") from error
    if str(parsed) != written:
        raise InvalidReference(written, "rewriting reference: repository name must be canonical")
    return parsed


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return engine.walk(plan, wire)


PROGRAMS = (
    *(Program(name, evaluate, walk) for name in ("skopeo", "podman", "buildah")),
    Program("cri-o", evaluate, walk, executed=False),
)
