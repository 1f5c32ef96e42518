"""Which hosts dockerd's BuildKit and its containerd image store ask (Daemon.RegistryHosts).

Four generations: 19.03 picks a mirror at random; 20.10 to 24 make BuildKit's sections of
``daemon.json`` entry by entry; 25 to 27 make them of what the daemon understood; since 28 the
directory ``certs.d`` is one of containerd's, and ``daemon.json`` is merged into it.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace

from regdoctor.clients.authority import loopback
from regdoctor.clients.buildkit_hosts import Hosts, Section
from regdoctor.clients.buildkit_hosts import Rules as BuildkitRules
from regdoctor.clients.docker_daemon import Daemon, Mirror
from regdoctor.clients.docker_insecure import Insecure
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.go_urls import NotParsed, parse_url
from regdoctor.clients.hosts_toml import (
    HUB,
    HUB_HOST,
    Configured,
    Rules,
    choose_directory,
    configured,
    endpoints_of,
    namespace,
)
from regdoctor.clients.plan import Attempt, Endpoint, Process, Transport, proxied
from regdoctor.clients.version import Version

PULLED = frozenset({"pull", "resolve"})


@dataclass(frozen=True, slots=True)
class RegistryHosts:
    """The hosts for a reference, by the engine's version."""

    version: Version
    daemon: Daemon
    insecure: Insecure
    files: Filesystem
    process: Process

    def endpoints(self, host: str, repository: str) -> tuple[Endpoint, ...]:
        """In order. Raises buildkit_hosts.Unusable; see ``configured`` for what fails since 28."""
        if self.version.since(28):
            return self._merged(host, repository)
        if not self.version.since(20):
            return self._random(host, repository)
        rules = BuildkitRules()
        if not self.version.since(25):
            rules = BuildkitRules(mirror_paths=False, plain="http-first")
        sections = self.sections(host)
        return Hosts(sections, rules, self.files, self.process).endpoints(host, repository)

    # -- 19.03 --------------------------------------------------------------------------------

    def _random(self, host: str, repository: str) -> tuple[Endpoint, ...]:
        """One mirror stands for all: the engine draws one, and goes to no other host after it.

        Neither ``certs.d`` nor a second scheme is known here.
        """
        mirrors = self.daemon.mirrors if host == HUB else ()
        contacted = mirrors[0].host if mirrors else HUB_HOST if host == HUB else host
        plain = self.entries().get(contacted) is not None or loopback(contacted)
        endpoint = Endpoint(
            contacted,
            "/v2",
            repository,
            (Attempt("http" if plain else "https"),),
            Transport(self.process),
            role="mirror" if mirrors else "origin",
        )
        return (proxied(endpoint),)

    # -- 20.10 to 27 --------------------------------------------------------------------------

    def sections(self, host: str) -> dict[str, Section]:
        """BuildKit's sections, as the engine makes them for a reference on ``host``."""
        made = self._understood(host) if self.version.since(25) else self._by_entry()
        certificates = self.daemon.certificates
        named = {name: Section() for name in self.files.names(certificates) if name not in made}
        return {
            key: replace(section, directories=(posixpath.join(certificates, key),))
            for key, section in {**made, **named}.items()
        }

    def _by_entry(self) -> dict[str, Section]:
        hub = Section(mirrors=tuple(each.host for each in self.daemon.mirrors))
        return {HUB: hub, **self.entries()}

    def entries(self) -> dict[str, Section]:
        """``insecure-registries`` up to 24, where each entry is read as a URL.

        ``reg.example:5000`` is one with the scheme ``reg.example`` and no host, a network one
        without host: their section is that of the host ``""``, which nobody asks.
        """
        found = {}
        for entry in self.daemon.insecure:
            key, section = self._entry(entry)
            found[key] = section
        return found

    def _entry(self, entry: str) -> tuple[str, Section]:
        try:
            url = parse_url(entry)
        except NotParsed:
            if not self.version.since(24):
                return entry, Section()
            url = parse_url(f"http://{entry}")
        if url.scheme == "http":
            return url.host, Section(http=True)
        return url.host, Section(insecure=True)

    def _understood(self, host: str) -> dict[str, Section]:
        insecure = Section(http=True, insecure=True)
        made = {HUB: Section(mirrors=tuple(each.written for each in self.daemon.mirrors))}
        made |= {each: insecure for each in self.insecure.exact if each != HUB}
        # Networks are looked at for the reference's host alone, never for a mirror.
        if host not in made and self.insecure.covers(host):
            made[host] = insecure
        return made

    # -- 28 and later ------------------------------------------------------------------------

    def found(self, host: str) -> Configured:
        """What ``certs.d`` says of a host, since 28."""
        rules = self._rules()
        directory = choose_directory(self.files, (self.daemon.certificates,), host, rules)
        return configured(self.files, directory, rules)

    def _rules(self) -> Rules:
        return Rules(referrers=self.version.since(29))

    def _merged(self, host: str, repository: str) -> tuple[Endpoint, ...]:
        found = self.found(host)
        if found.fails:
            return ()
        endpoints = endpoints_of(found, host, repository, self.process, self._rules())
        told = self.daemon.mirrors or self.daemon.insecure
        if not told or len(endpoints) > 1:
            return endpoints
        (own,) = endpoints
        mirrors = self.daemon.mirrors if host == HUB else ()
        return self._unverified((*(self._copied(own, each, host) for each in mirrors), own))

    def _copied(self, own: Endpoint, mirror: Mirror, host: str) -> Endpoint:
        """A mirror is the Hub's own entry with another address: the same client, the same TLS."""
        path = mirror.path if mirror.path.endswith("/v2") else f"{mirror.path}/v2"
        first = Attempt("http" if mirror.scheme == "http" else "https")
        # A client that falls back does so from https alone.
        falls = first.scheme == "https" and len(own.attempts) > 1
        return proxied(
            replace(
                own,
                host=mirror.host,
                path=path,
                role="mirror",
                ns=namespace(host, mirror.host),
                capabilities=PULLED,
                attempts=(first, Attempt("http")) if falls else (first,),
            )
        )

    def _unverified(self, hosts: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        """One insecure host is enough: the client is shared by all of them."""
        falls_already = any(len(each.attempts) > 1 for each in hosts)
        if falls_already or not any(self.insecure.covers(each.host) for each in hosts):
            return hosts
        return tuple(
            proxied(
                replace(
                    each,
                    transport=replace(each.transport, verify=False),
                    attempts=(
                        (Attempt("https"), Attempt("http"))
                        if each.attempts[0].scheme == "https"
                        else each.attempts
                    ),
                    port_guessed=True,
                )
            )
            for each in hosts
        )
