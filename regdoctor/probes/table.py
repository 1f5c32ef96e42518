"""Every probe of an endpoint, one row each. Their order follows from what each needs."""

from __future__ import annotations

from collections.abc import Mapping

from builder.registry import Host, Session
from builder.transport.proxy import ProxyRules
from regdoctor.probes.auth import AnonymousTokenProbe, GrantProbe, JoinedScopesProbe
from regdoctor.probes.credentials import CredentialProbe
from regdoctor.probes.hello import LargeHelloProbe, SmallSegmentsProbe, VersionsProbe
from regdoctor.probes.http import (
    ClearPortProbe,
    HeadRouteProbe,
    LoginProbe,
    PingProbe,
    PlainProbe,
)
from regdoctor.probes.network import Connect, Lookup
from regdoctor.probes.nexus import NexusPortProbe
from regdoctor.probes.products import ProductProbe
from regdoctor.probes.protocol import Probe
from regdoctor.probes.proxies import ProxyProbe
from regdoctor.probes.push import ChunkProbe, MountProbe, SizeProbe, UploadProbe
from regdoctor.probes.resolvers import ResolversProbe
from regdoctor.probes.store import StoreProbe
from regdoctor.probes.tls import DefaultLeaf, Handshake, Issuer, WithoutProxy


def endpoint_probes(
    session: Session,
    hosts: Mapping[str, Host],
    overrides: Mapping[tuple[str, int], str],
    timeout: float,
    environ: Mapping[str, str] | None = None,
    resolved: frozenset[str] = frozenset(),
    pushes: Mapping[str, str] | None = None,
) -> tuple[Probe, ...]:
    """The probes of one run. ``hosts`` are the registries and mirrors by URL; ``timeout`` is
    for each wait of each probe, in seconds; ``resolved`` the domains of images asked for;
    ``pushes`` a repository for each endpoint that may be written to."""
    writable = pushes or {}
    proxies = ProxyRules(environ)
    return (
        Lookup(overrides, proxies, timeout),
        Connect(timeout),
        ResolversProbe(proxies, min(timeout, 3.0)),
        Handshake(timeout, proxies),
        LargeHelloProbe(timeout, proxies),
        SmallSegmentsProbe(timeout, proxies),
        VersionsProbe(min(timeout, 5.0), proxies),
        Issuer(session.transport, min(timeout, 5.0)),
        PingProbe(session, hosts, timeout),
        PlainProbe(session, timeout),
        ClearPortProbe(session, timeout),
        ProxyProbe(proxies, overrides, min(timeout, 5.0)),
        HeadRouteProbe(session, hosts, resolved, timeout),
        ProductProbe(session, hosts, timeout),
        LoginProbe(session, hosts, resolved),
        NexusPortProbe(session, hosts, resolved, timeout),
        UploadProbe(session, hosts, writable),
        ChunkProbe(session, hosts, writable),
        SizeProbe(session, hosts, writable),
        MountProbe(session, hosts, writable),
        StoreProbe(session, hosts, writable, timeout),
        DefaultLeaf(timeout),
        WithoutProxy(proxies, overrides, min(timeout, 5.0)),
        CredentialProbe(session.credentials),
        AnonymousTokenProbe(session, hosts),
        GrantProbe(session, hosts),
        JoinedScopesProbe(session, hosts),
    )
