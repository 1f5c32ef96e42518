"""containerd's CRI plugin: pulls of the kubelet and of crictl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from builder.oci.reference import Reference, parse
from regdoctor.clients.authority import loopback
from regdoctor.clients.containerd_config import (
    CONFIG,
    RegistrySettings,
    WrongConfig,
    registry_settings,
)
from regdoctor.clients.credentials import decoded
from regdoctor.clients.ctr import go_of
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines import resolver
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_notes import misnamed
from regdoctor.clients.hosts_toml import (
    HUB,
    HUB_HOST,
    Configured,
    choose_directory,
    configured,
    containerd_rules,
    endpoints_of,
    namespace,
)
from regdoctor.clients.keypairs import load_pair
from regdoctor.clients.plan import (
    Attempt,
    ClientPlan,
    Credential,
    Endpoint,
    Note,
    PemFile,
    Process,
    Scheme,
    Situation,
    Transport,
    proxied,
)
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.wire import Wire, split_url

MIRROR = frozenset({"pull", "resolve"})
KUBELET = "the kubelet"


def evaluate(situation: Situation) -> ClientPlan:
    """The plan of one PullImage."""
    reference = parse(situation.reference)
    plan = ClientPlan("cri", situation.version, reference, ())
    files = Filesystem(situation.files)
    path = situation.option("config") or CONFIG
    try:
        settings = registry_settings(files, situation.version, path)
    except WrongConfig as wrong:
        return replace(plan, refuses=str(wrong))
    running = process(files, situation.environment, go_of(situation.version))
    plan = replace(plan, notes=(*settings.notes, *_notes(situation, settings, path, reference)))
    if settings.config_path or not settings.local:
        plan = _by_directory(plan, situation, settings, files, running)
    else:
        legacy = _Legacy(situation, settings, files, running, path)
        try:
            plan = replace(plan, endpoints=tuple(legacy.endpoints(reference)))
        except Unusable as unusable:
            return replace(plan, refuses=str(unusable))
    endpoints = tuple(
        replace(each, credential=_credential(situation, settings, path, each.host))
        for each in plan.endpoints
    )
    return with_dangers(replace(plan, endpoints=endpoints), path)


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return resolver.walk(plan, wire)


class Unusable(Exception):
    """A pull fails, in these words."""


def _by_directory(
    plan: ClientPlan,
    situation: Situation,
    settings: RegistrySettings,
    files: Filesystem,
    running: Process,
) -> ClientPlan:
    """hosts.toml below config_path: a list of roots, or one for the transfer service."""
    host = plan.reference.domain
    rules = containerd_rules(situation.version)
    roots = settings.config_path.split(":") if settings.local else [settings.config_path]
    found = Configured()
    notes = plan.notes
    if settings.config_path:
        directory = choose_directory(files, roots, host, rules)
        found = configured(files, directory, rules)
        notes = (*notes, *misnamed(files, roots, host, directory), *found.notes)
    endpoints = endpoints_of(found, host, plan.reference.path, running, rules)
    return replace(plan, endpoints=endpoints, notes=notes, refuses=found.fails)


@dataclass(frozen=True, slots=True)
class _Legacy:
    """Endpoints out of ``mirrors`` and ``configs``."""

    situation: Situation
    settings: RegistrySettings
    files: Filesystem
    running: Process
    path: str

    def endpoints(self, reference: Reference) -> Iterator[Endpoint]:
        """Mirrors of the host, or those of ``*``, then the host itself unless it is one.

        Raises Unusable.
        """
        host = reference.domain
        default = HUB_HOST if host == HUB else host
        mirrors = self.settings.mirrors
        urls = [_with_scheme(each) for each in mirrors.get(host, mirrors.get("*", ()))]
        if not any(split_url(each)[1] in (host, default) for each in urls):
            urls.append(_with_scheme(default))
        for url in urls:
            scheme, contacted, path = split_url(url)
            known: Scheme = "http" if scheme == "http" else "https"
            yield proxied(
                Endpoint(
                    host=contacted,
                    path=path.rstrip("/") if path else "/v2",
                    repository=reference.path,
                    attempts=(Attempt(known),),
                    transport=self._transport(contacted, url),
                    role="origin" if contacted == default else "mirror",
                    ns=namespace(host, contacted),
                    capabilities=MIRROR,
                )
            )

    def _transport(self, host: str, url: str) -> Transport:
        plain = Transport(self.running)
        tls = self.settings.configs.get(host, {}).get("tls")
        # containerd 2 has no such block any more: what stands in it means nothing.
        if not isinstance(tls, dict) or self.situation.version.since(2):
            return plain
        where = f'get TLSConfig for registry "{url}": '
        certificate, key = str(tls.get("cert_file", "")), str(tls.get("key_file", ""))
        if certificate and not key:
            raise Unusable(
                f'{where}cert file "{certificate}" was specified, but no corresponding key file '
                "was specified"
            )
        if key and not certificate:
            raise Unusable(
                f'{where}key file "{key}" was specified, but no corresponding cert file was '
                "specified"
            )
        if certificate:
            pair, error = load_pair(self.files, certificate, key)
            if pair is None:
                raise Unusable(f"{where}failed to load cert file: {error}")
            plain = replace(plain, pairs=(pair,))
        authority = str(tls.get("ca_file", ""))
        if authority:
            read = self.files.read(authority)
            if read.error:
                raise Unusable(f"{where}failed to load CA file: open {authority}: {read.error}")
            plain = replace(plain, extra=(PemFile(authority, read.content),))
        return replace(plain, verify=tls.get("insecure_skip_verify") is not True)


def _with_scheme(endpoint: str) -> str:
    if "://" in endpoint:
        return endpoint
    return f"{'http' if loopback(endpoint.partition('/')[0]) else 'https'}://{endpoint}"


def _credential(
    situation: Situation, settings: RegistrySettings, path: str, host: str
) -> Credential | None:
    """The kubelet's is offered to every host; without one, what ``configs`` has for this one."""
    given = situation.option("auth")
    if given:
        user, _, secret = given.partition(":")
        return Credential(KUBELET, "", user, secret)
    auth = settings.configs.get(host, {}).get("auth")
    return decoded(path, host, auth) if isinstance(auth, dict) else None


def _notes(
    situation: Situation, settings: RegistrySettings, path: str, reference: Reference
) -> Iterator[Note]:
    if not settings.local and ":" in settings.config_path:
        yield Note(
            "config-path-with-colon",
            path,
            settings.config_path,
            f"containerd {situation.version} takes the config_path {settings.config_path} for one "
            "directory, which is not there: no hosts.toml and no certificate is read, and "
            "nothing says so. A single directory works, or use_local_image_pull = true",
        )
    for url in settings.mirrors.get(reference.domain, settings.mirrors.get("*", ())):
        bare = split_url(_with_scheme(url))[2]
        if bare and "v2" not in bare.split("/"):
            yield Note(
                "mirror-path-without-v2",
                path,
                url,
                f"the path of endpoint {url} in {path} is used as it is, and no /v2 is put behind "
                "it: registries do not answer there",
            )
    for host, table in settings.configs.items():
        yield from _config_notes(situation, path, reference, host, table)


def _config_notes(
    situation: Situation, path: str, reference: Reference, host: str, table: Mapping[str, Any]
) -> Iterator[Note]:
    if "tls" not in table:
        return
    if situation.version.since(2):
        yield Note(
            "setting-ignored",
            path,
            f"{host}.tls",
            f'configs."{host}".tls in {path} means nothing to containerd {situation.version}: '
            "CA files and skip_verify stand in hosts.toml",
        )
    elif host == HUB and reference.domain == HUB:
        yield Note(
            "registry-key-never-used",
            path,
            host,
            f'configs."{HUB}" in {path} is never used: the key for Docker Hub is "{HUB_HOST}"',
        )


PROGRAMS = (Program("cri", evaluate, walk),)
