"""Every probe of an endpoint, one row each. Their order follows from what each needs."""

from __future__ import annotations

from collections.abc import Mapping

from builder.registry import Host, Session
from builder.transport.proxy import ProxyRules
from regdoctor.probes.credentials import CredentialProbe
from regdoctor.probes.http import HeadRouteProbe, LoginProbe, PingProbe, PlainProbe
from regdoctor.probes.network import Connect, Lookup
from regdoctor.probes.nexus import NexusPortProbe
from regdoctor.probes.protocol import Probe
from regdoctor.probes.push import ChunkProbe, MountProbe, SizeProbe, UploadProbe
from regdoctor.probes.store import StoreProbe
from regdoctor.probes.tls import DefaultLeaf, Handshake, Issuer


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
        Handshake(timeout, proxies),
        Issuer(session.transport, min(timeout, 5.0)),
        PingProbe(session, hosts, timeout),
        PlainProbe(session, timeout),
        HeadRouteProbe(session, hosts, resolved, timeout),
        LoginProbe(session, hosts, resolved),
        NexusPortProbe(session, hosts, resolved, timeout),
        UploadProbe(session, hosts, writable),
        ChunkProbe(session, hosts, writable),
        SizeProbe(session, hosts, writable),
        MountProbe(session, hosts, writable),
        StoreProbe(session, hosts, writable, timeout),
        DefaultLeaf(timeout),
        CredentialProbe(session.credentials),
    )
