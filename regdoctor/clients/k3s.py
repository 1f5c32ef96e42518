"""k3s and RKE2: ``registries.yaml``, of which the service makes hosts.toml files when it starts.

Read in k3s' source and documentation (pkg/agent/containerd/config.go), not executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from builder.oci.reference import Reference, parse
from regdoctor.clients.authority import loopback, port_of
from regdoctor.clients.credentials import decoded
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines import resolver
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import (
    HUB,
    HUB_HOST,
    Configured,
    HostEntry,
    Rules,
    Unusable,
    authority,
    client_pair,
    endpoints_of,
)
from regdoctor.clients.plan import ClientPlan, Credential, Endpoint, Note, Scheme, Situation
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.wire import Wire, split_url
from regdoctor.clients.yaml_subset import NotUnderstood, loads

GO = (1, 23)
MIRROR = frozenset({"pull", "resolve"})
PATHS = {
    "k3s": "/etc/rancher/k3s/registries.yaml",
    "rke2": "/etc/rancher/rke2/registries.yaml",
}


def evaluator(client: str) -> Callable[[Situation], ClientPlan]:
    """``evaluate`` of ``k3s`` or ``rke2``, which read the same file in different places."""

    def evaluate(situation: Situation) -> ClientPlan:
        reference = parse(situation.reference)
        files = Filesystem(situation.files)
        path = situation.option("private-registry") or PATHS[client]
        plan = ClientPlan(client, situation.version, reference, (), executed=False)
        try:
            settings = loads(files.text(path) or "") or {}
        except NotUnderstood as error:
            return replace(plan, refuses=f"{path}: {error}")
        if not isinstance(settings, dict):
            return replace(plan, refuses=f"{path}: no map at the top level")
        registries = _Registries(
            path, _map(settings.get("mirrors")), _map(settings.get("configs")), files
        )
        disabled = situation.switched_on("disable-default-registry-endpoint")
        try:
            found = registries.configured(reference.domain, disabled)
        except Unusable as unusable:
            return replace(plan, refuses=str(unusable))
        running = process(files, situation.environment, GO)
        endpoints = endpoints_of(found, reference.domain, reference.path, running, Rules())
        if disabled and found.tables:
            endpoints = endpoints[:-1]
        told = tuple(registries.finished(each, reference) for each in endpoints)
        notes = registries.notes(reference.domain)
        return with_dangers(replace(plan, endpoints=told, notes=notes), path)

    return evaluate


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return resolver.walk(plan, wire)


@dataclass(frozen=True, slots=True)
class _Registries:
    """The file. ``mirrors`` are keyed by the name in references, ``configs`` by the host that is
    contacted."""

    path: str
    mirrors: Mapping[str, Any]
    configs: Mapping[str, Any]
    files: Filesystem

    def configured(self, host: str, disabled: bool) -> Configured:
        """Mirrors in order, then the registry itself. Raises Unusable."""
        entries = tuple(self._entry(each) for each in dict.fromkeys(self._urls(host)))
        default = HUB_HOST if host == HUB else host
        own = replace(self._with_tls(HostEntry(), default), role="origin")
        return Configured((*entries, own), tables=bool(entries))

    def _mirror(self, host: str) -> Mapping[str, Any]:
        chosen = host if host in self.mirrors or host in self.configs else "*"
        return _map(self.mirrors.get(chosen))

    def _urls(self, host: str) -> list[str]:
        urls = self._mirror(host).get("endpoint") or []
        if not isinstance(urls, list) or not all(isinstance(each, str) for each in urls):
            raise Unusable(f"{self.path}: `endpoint` of {host} is not a list of URLs")
        return urls

    def _entry(self, url: str) -> HostEntry:
        scheme, host, path = split_url(url) if "://" in url else ("", *_bare(url))
        if not scheme:
            plain = loopback(host) and port_of(host) not in ("", "443")
            scheme = "http" if plain else "https"
        known: Scheme = "http" if scheme == "http" else "https"
        contacted = HUB_HOST if host == HUB else host
        entry = HostEntry(
            scheme=known,
            host=contacted,
            # Any path but these is taken as it is, no /v2 put behind it.
            path="/v2" if path in ("", "/", "/v2") else path.rstrip("/"),
            capabilities=MIRROR,
            role="mirror",
        )
        return self._with_tls(entry, contacted)

    def _config(self, host: str) -> Mapping[str, Any]:
        """Of a contacted host; Docker Hub is found under either name."""
        if host == HUB_HOST and HUB_HOST not in self.configs:
            return _map(self.configs.get(HUB))
        return _map(self.configs.get(host))

    def _with_tls(self, entry: HostEntry, host: str) -> HostEntry:
        tls = _map(self._config(host).get("tls"))
        file, certificate, key = (
            str(tls.get(name) or "") for name in ("ca_file", "cert_file", "key_file")
        )
        if file:
            entry = replace(entry, authorities=(authority(self.files, file),))
        if certificate or key:
            entry = replace(entry, pairs=(client_pair(self.files, certificate, key),))
        return replace(entry, verify=False) if tls.get("insecure_skip_verify") is True else entry

    def finished(self, endpoint: Endpoint, reference: Reference) -> Endpoint:
        """With its credential, and a mirror with its rewrites."""
        repository = endpoint.repository
        if endpoint.role == "mirror":
            rewrites = _map(self._mirror(reference.domain).get("rewrite"))
            repository = _rewritten(repository, rewrites)
        return replace(endpoint, repository=repository, credential=self._credential(endpoint.host))

    def _credential(self, host: str) -> Credential | None:
        auth = self._config(host).get("auth")
        return decoded(self.path, host, auth) if isinstance(auth, dict) else None

    def notes(self, host: str) -> tuple[Note, ...]:
        """Keys that match nothing, and configs that the mirrors they are meant for never see."""
        schemed = tuple(
            Note(
                "registry-key-never-used",
                self.path,
                key,
                f'the key "{key}" in {self.path} has a scheme and matches nothing: keys are '
                "host[:port]",
            )
            for key in (*self.mirrors, *self.configs)
            if "://" in key
        )
        return (*schemed, *self._misplaced(host))

    def _misplaced(self, host: str) -> tuple[Note, ...]:
        tls = _map(_map(self.configs.get(host)).get("tls"))
        contacted = {self._entry(each).host for each in self._urls(host)}
        uncovered = sorted(each for each in contacted - {host} if each not in self.configs)
        if not tls or not uncovered:
            return ()
        return (
            Note(
                "mirror-without-its-own-section",
                self.path,
                uncovered[0],
                f"configs.{host} in {self.path} is for {host} itself, not for its mirror "
                f"{uncovered[0]}: configs are keyed by the host that is contacted",
            ),
        )


def _bare(url: str) -> tuple[str, str]:
    host, slash, path = url.partition("/")
    return host, slash + path


def _rewritten(repository: str, rewrites: Mapping[str, Any]) -> str:
    for pattern, target in rewrites.items():
        try:
            found = re.compile(pattern).search(repository)
        except re.error:
            continue
        if found:
            return re.sub(pattern, re.sub(r"\$\{?(\d+)\}?", r"\\\1", str(target)), repository)
    return repository


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


PROGRAMS = tuple(Program(each, evaluator(each), walk, executed=False) for each in PATHS)
