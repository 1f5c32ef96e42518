"""Registry settings borrowed from a client that is configured on this host (``build --as``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.registry import InvalidConfig, RegistryConfig
from builder.registry.hosts import Host
from builder.transport import InvalidEndpoint, Trust, image_roots
from builder.transport.endpoint import Endpoint
from builder.transport.roots import RootPool
from builder.transport.trust import ClientCertificate
from regdoctor.clients import domains
from regdoctor.clients.onhost import plan_on
from regdoctor.clients.plan import Endpoint as Planned
from regdoctor.clients.policy import pool_of
from regdoctor.clients.table import CLIENTS, PROGRAMS
from regdoctor.observations.host import HostFiles

LENDERS = tuple(name for name in PROGRAMS if name not in ("kaniko", "crane"))
"""Clients whose mirrors and trust stand in files of this host."""

_IMAGE = "library/image"


class BorrowedConfig(RegistryConfig):
    """The mirrors and the trust that ``client`` has for a domain, in its order.

    ``ca`` and ``resolve`` are added, as to our own settings; proxies and logins stay ours.
    Raises InvalidConfig where the client would not start, or has rules that no build can have.
    """

    def __init__(
        self,
        client: str,
        files: HostFiles,
        *,
        ca: Iterable[Path] = (),
        resolve: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        root: Path = Path("/"),
        insecure: frozenset[str] = frozenset(),
    ) -> None:
        kin, self._program = PROGRAMS[client]
        where = next(each.file for each in CLIENTS if each.name == kin)
        super().__init__(ca=ca, resolve=resolve, environ=environ, source=where, root=root)
        self._given: dict[str, Any] = {
            "ca": tuple(ca),
            "resolve": resolve,
            "environ": environ,
            "root": root,
        }
        self._client = client
        self._files = files
        self._insecure = insecure
        if refuses := plan_on(files, self._program, f"docker.io/{_IMAGE}:latest").refuses:
            raise InvalidConfig(f"--as {client}: {refuses}")
        part = next(domains.parts_of_podman(files), None) if kin == "podman" else None
        if part is not None:
            raise InvalidConfig(
                f"--as {client}: {part.file} has a rule for {part.prefix}, which is a part of a "
                "registry; a build has rules for whole registries only",
                hint="write what the build needs into a file for --config",
            )

    def with_insecure(self, domain: str) -> BorrowedConfig:
        """A copy in which ``domain`` may speak http, or https with any certificate."""
        insecure = self._insecure | {domain}
        return BorrowedConfig(self._client, self._files, **self._given, insecure=insecure)

    def hosts(self, domain: str) -> tuple[Host, ...]:
        """Whom the client would contact; what it cannot contact itself is left out.

        Raises InvalidConfig where the client contacts nobody.
        """
        plan = plan_on(self._files, self._program, f"{domain}/{_IMAGE}:latest")
        hosts = [self._borrowed(domain, each) for each in plan.endpoints if not each.broken]
        if not hosts:
            why = plan.refuses or "; ".join(each.broken for each in plan.endpoints)
            raise InvalidConfig(f"--as {self._client}: {domain}: {why or 'it contacts nobody'}")
        return tuple(hosts)

    def _borrowed(self, domain: str, planned: Planned) -> Host:
        schemes = [attempt.scheme for attempt in planned.attempts]
        try:
            endpoint = Endpoint.parse(planned.host, scheme=schemes[0])
        except InvalidEndpoint as error:
            raise InvalidConfig(f"--as {self._client}: {error}") from error
        insecure = domain in self._insecure and planned.role == "origin"
        prefix = planned.repository.removesuffix(_IMAGE).rstrip("/")
        return Host(
            domain,
            endpoint,
            self._borrowed_trust(planned, insecure),
            f"{planned.path}/{prefix}" if prefix else planned.path,
            planned.role,
            planned.capabilities,  # type: ignore[arg-type]
            http_fallback=insecure or schemes[:2] == ["https", "http"],
            https_upgrade=schemes[:2] == ["http", "https"],
        )

    def _borrowed_trust(self, planned: Planned, insecure: bool) -> Trust:
        transport = planned.transport
        whose = pool_of(transport.process)
        if whose == "unknown":
            raise InvalidConfig(f"--as {self._client}: it has {transport.process.store}")
        pool: RootPool = self.roots
        if whose == "image":
            pool = image_roots().with_files(self._given["ca"])
        for extra in transport.extra:
            pool = pool.with_pem(extra.content, extra.path)
        pairs = tuple(
            ClientCertificate(Path(pair.certificate), Path(pair.key)) for pair in transport.pairs
        )
        return Trust(pool, insecure or not transport.verify, pairs)
