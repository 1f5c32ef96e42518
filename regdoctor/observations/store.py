"""The collection of observations of a run, and its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from regdoctor.model import codec
from regdoctor.observations.ability import HostAbility
from regdoctor.observations.auth import (
    AnonymousToken,
    GrantedScopes,
    JoinedScopes,
    Logins,
    ManifestElsewhere,
    RealmRedirect,
)
from regdoctor.observations.fingerprints import ProductAnswer
from regdoctor.observations.host import AskedClients, HostFiles, OwnTrust, RootsSeen
from regdoctor.observations.http import (
    BlobLook,
    Challenge,
    ClearPort,
    Clock,
    CredentialUse,
    HeadRoute,
    LoginAnswer,
    ManifestLook,
    Ping,
    PlainAnswer,
    TokenAnswer,
)
from regdoctor.observations.images import Asked, BlobAgain, DigestLook, ImageSeen
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.network import Connection, Resolution, ResolverAnswers, Role
from regdoctor.observations.nexus import NexusPort
from regdoctor.observations.plans import ClientPlanSeen
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.proxies import ProxyRoutes, ShellProxies
from regdoctor.observations.push import ChunkLook, MountLook, SizeLook, StoreLook, UploadLook
from regdoctor.observations.tls import (
    DefaultCertificate,
    DirectChain,
    FetchedIssuer,
    LargeHello,
    ServedChain,
    SmallSegments,
    TlsVersions,
)
from regdoctor.observations.trust import ChainFacts, ChainVerdicts
from regdoctor.observations.written import DockerfileLook, WrittenReference

SCHEMA = 1
HOST = ""
"""The endpoint of observations about this host."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """An observation that could not be made: which ``kind``, by which probe, and why.

    ``internal`` marks a fault of our own (an exception that no probe may raise).
    """

    kind: str
    probe: str
    why: str
    internal: bool = False


KINDS: tuple[type, ...] = (
    Role,
    Resolution,
    ResolverAnswers,
    Connection,
    ServedChain,
    FetchedIssuer,
    DefaultCertificate,
    DirectChain,
    LargeHello,
    SmallSegments,
    TlsVersions,
    Ping,
    PlainAnswer,
    ClearPort,
    Clock,
    Challenge,
    TokenAnswer,
    RealmRedirect,
    AnonymousToken,
    GrantedScopes,
    JoinedScopes,
    ManifestElsewhere,
    BlobLook,
    BlobAgain,
    ManifestLook,
    DigestLook,
    ImageSeen,
    Asked,
    ProductAnswer,
    HeadRoute,
    LoginAnswer,
    NexusPort,
    UploadLook,
    ChunkLook,
    SizeLook,
    MountLook,
    StoreLook,
    CredentialUse,
    ProxyRoutes,
    ShellProxies,
    Logins,
    HostFiles,
    RootsSeen,
    OwnTrust,
    AskedClients,
    MachineFacts,
    HostAbility,
    WrittenReference,
    DockerfileLook,
    ClientOutput,
    ClientPlanSeen,
    ChainFacts,
    ChainVerdicts,
)
"""Every kind of observation; a saved file names them by class name."""

_KIND_BY_NAME = {kind.__name__: kind for kind in KINDS}


class Observations:
    """What was seen so far. A later observation of the same key replaces the former."""

    def __init__(self) -> None:
        self._seen: dict[tuple[type, str, str], object] = {}
        self._failures: dict[tuple[str, str], Failure] = {}

    def add(self, endpoint: str, observation: object, *, name: str = "") -> None:
        """Keeps ``observation``. A Failure is kept apart, by its kind."""
        if isinstance(observation, Failure):
            self._failures[endpoint, observation.kind] = observation
            return
        kind = type(observation)
        if kind not in KINDS:
            raise TypeError(f"{kind.__name__} is no kind of observation")
        self._seen[kind, endpoint, name] = observation

    def get(self, kind: type[T], endpoint: str, name: str = "") -> T | None:
        """The observation of that key, or None."""
        return cast("T | None", self._seen.get((kind, endpoint, name)))

    def named(self, kind: type[T], endpoint: str) -> Iterator[tuple[str, T]]:
        """(name, observation) of every one of that kind for the endpoint."""
        for (each, where, name), value in list(self._seen.items()):
            if each is kind and where == endpoint:
                yield name, cast("T", value)

    def has(self, kind: type, endpoint: str) -> bool:
        return any(each is kind and where == endpoint for each, where, _ in self._seen)

    def failure(self, kind: type, endpoint: str) -> Failure | None:
        """Why an observation of that kind could not be made for the endpoint."""
        return self._failures.get((endpoint, kind.__name__))

    def failures(self) -> Iterator[tuple[str, Failure]]:
        """(endpoint, failure) of all."""
        for (endpoint, _), failure in self._failures.items():
            yield endpoint, failure

    def endpoints(self) -> tuple[str, ...]:
        """The endpoints contacted or to be contacted, in the order they became known."""
        return tuple(dict.fromkeys(where for _, where, _ in self._seen if where != HOST))

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON values with the schema's version."""
        return {
            "schema": SCHEMA,
            "observations": [
                {"kind": kind.__name__, "endpoint": endpoint, "name": name, "value": value}
                for (kind, endpoint, name), value in (
                    (key, codec.encode(each)) for key, each in self._seen.items()
                )
            ],
            "failures": [
                {"endpoint": endpoint, **codec.encode(failure)}
                for (endpoint, _), failure in self._failures.items()
            ],
        }

    @classmethod
    def from_json(cls, data: Any) -> Observations:
        """What ``to_json`` wrote. Raises codec.CodecError, also for another schema."""
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise codec.CodecError(f"not a file of observations of schema {SCHEMA}")
        loaded = cls()
        for at, entry in enumerate(data.get("observations", [])):
            where = f"$.observations[{at}]"
            kind = _KIND_BY_NAME.get(entry.get("kind", "")) if isinstance(entry, dict) else None
            if kind is None:
                raise codec.CodecError(f"{where}: unknown kind of observation")
            value: object = codec.decode(kind, entry.get("value"), where=f"{where}.value")
            loaded.add(str(entry.get("endpoint", "")), value, name=str(entry.get("name", "")))
        for at, entry in enumerate(data.get("failures", [])):
            failure = codec.decode(Failure, entry, where=f"$.failures[{at}]")
            loaded.add(str(entry.get("endpoint", "")), failure)
        return loaded
