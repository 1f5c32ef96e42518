"""dockerd's own registry client: the graphdriver image store, the classic builder, login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regdoctor.clients.docker_certs import BrokenDirectory, verified_transport
from regdoctor.clients.docker_daemon import Mirror
from regdoctor.clients.docker_insecure import Insecure
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import HUB, HUB_HOST
from regdoctor.clients.plan import (
    EVERYTHING,
    Attempt,
    Credential,
    Endpoint,
    Process,
    Role,
    Scheme,
    Transport,
    proxied,
)
from regdoctor.clients.version import Version

_PULLED = frozenset({"pull", "resolve"})


@dataclass(frozen=True, slots=True)
class Registries:
    """Makes endpoints. ``certificates`` is ``certs.d``; ``credential`` is the one that the
    command sends along with its request: it is offered to every endpoint, mirrors included."""

    version: Version
    files: Filesystem
    certificates: str
    process: Process
    insecure: Insecure
    credential: Credential | None = None

    def endpoints(
        self, host: str, repository: str, mirrors: Sequence[Mirror] = ()
    ) -> tuple[Endpoint, ...]:
        """Mirrors, for Docker Hub alone, then the registry. Raises BrokenDirectory."""
        if host != HUB:
            schemes: tuple[Scheme, ...] = ("https", "http")
            if not self.insecure.covers(host):
                schemes = ("https",)
            return (self._endpoint(host, "/v2", repository, schemes, "origin"),)
        found = [
            self._endpoint(each.host, f"{each.path}/v2", repository, (each.scheme,), "mirror")
            for each in mirrors
        ]
        # The Hub itself is reached with the system's pool; no directory of certs.d is for it.
        hub = Endpoint(
            HUB_HOST,
            "/v2",
            repository,
            (Attempt("https"),),
            Transport(self.process),
            credential=self.credential,
        )
        return (*found, proxied(hub))

    def looked_up(self, host: str, mirrors: Sequence[Mirror] = ()) -> Iterator[str]:
        """Hosts whose addresses are asked for before any is connected to, proxies or not.

        The command wants to know whether the registry is on loopback, the daemon whether a mirror
        is in one of its networks. A broken directory ends the looking as it ends the pull.
        """
        if host != HUB:
            yield host
            return
        for each in mirrors:
            if each.host not in self.insecure.exact:
                yield each.host
            try:
                self._transport(each.host)
            except BrokenDirectory:
                return

    def _endpoint(
        self, host: str, path: str, repository: str, schemes: tuple[str, ...], role: Role
    ) -> Endpoint:
        return proxied(
            Endpoint(
                host,
                path,
                repository,
                tuple(Attempt("http" if each == "http" else "https") for each in schemes),
                self._transport(host),
                role=role,
                capabilities=_PULLED if role == "mirror" else EVERYTHING,
                credential=self.credential,
            )
        )

    def _transport(self, host: str) -> Transport:
        """An insecure registry's directory is not even looked at."""
        if self.insecure.covers(host):
            return Transport(self.process, verify=False)
        directory = f"{self.certificates}/{host}"
        return verified_transport(self.files, directory, self.process, self.version)
