"""The chain as served, and what stands outside of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from builder.transport import Endpoint, TransportError
from builder.transport.errors import BodyTooLarge
from builder.transport.metadata import is_metadata
from builder.transport.proxy import ProxyRules
from builder.transport.transport import Transport
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import Failure, Observations
from regdoctor.observations.tls import (
    DefaultCertificate,
    DirectChain,
    FetchedIssuer,
    HandshakeFault,
    ServedChain,
)
from regdoctor.observations.trust import ChainFacts, ChainVerdicts
from regdoctor.probes.proxied import proxy_of, through

if TYPE_CHECKING:
    from builder.transport.handshake import HandshakeError

MOST_ISSUERS = 3
"""Certificates that are fetched above the topmost one served."""
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Handshake:
    """Reads the certificates up to which a handshake comes, whatever they are."""

    timeout: float = 10.0
    proxies: ProxyRules = field(default_factory=ProxyRules)

    name = "tls"
    gives = ServedChain
    needs: tuple[type, ...] = (Role,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        """Once the name resolved, or at once where a proxy resolves it."""
        if endpoint.scheme != "https":
            return False
        found = seen.get(Resolution, endpoint.url)
        resolved = found is not None and bool(found.addresses)
        return resolved or proxy_of(self.proxies, endpoint) is not None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> ServedChain | Failure:
        from builder.transport.handshake import HandshakeError, HandshakeStage, read_chain

        found = seen.get(Resolution, endpoint.url)
        address = found.addresses[0] if found and found.addresses else None
        reached = seen.get(Connection, endpoint.url)
        if reached is not None:
            good = [each.address for each in reached.attempts if not each.fault]
            address = good[0].rpartition(":")[0].strip("[]") if good else address
        name = endpoint.host
        proxy = proxy_of(self.proxies, endpoint)
        try:
            served = await read_chain(
                endpoint.host,
                endpoint.port,
                name,
                address=address,
                timeout=self.timeout,
                open_stream=partial(through, proxy, endpoint) if proxy else None,
            )
        except HandshakeError as error:
            if error.stage is HandshakeStage.CONNECT or error.waiting_for == "connection":
                return Failure(ServedChain.__name__, self.name, str(error))
            return _failed(name, error)
        return ServedChain(
            server_name=name,
            certificates=served.certificates,
            version=served.version,
            address=f"{served.address}:{endpoint.port}",
            seen_at=time.time(),
            client_certificate_requested=served.client_certificate_requested,
            cipher=served.cipher,
        )


def _failed(name: str, error: HandshakeError) -> ServedChain:
    return ServedChain(
        server_name=name,
        fault=fault_of(error),
        text=str(error),
        alert=error.alert.name if error.alert else "",
        first_bytes=error.first_bytes[:64],
        address=error.address,
        seen_at=time.time(),
    )


def fault_of(error: HandshakeError) -> HandshakeFault:
    """How a handshake ended, by its error."""
    from builder.transport.handshake import HandshakeStage

    faults: dict[HandshakeStage, HandshakeFault] = {
        HandshakeStage.ALERT: "alert",
        HandshakeStage.NOT_TLS: "not-tls",
        HandshakeStage.CLOSED: "closed",
        HandshakeStage.TIMEOUT: "timeout",
        HandshakeStage.PROTOCOL: "other",
    }
    if isinstance(error.__cause__, ConnectionResetError):
        return "reset"
    if error.first_bytes.startswith(b"HTTP/"):
        return "plain-http"
    return faults.get(error.stage, "other")


@dataclass(frozen=True, slots=True)
class DefaultLeaf:
    """Asks without a name, where the name is not covered: a default shows itself so."""

    timeout: float = 10.0

    name = "sni"
    gives = DefaultCertificate
    needs: tuple[type, ...] = (ChainVerdicts, Resolution)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        verdicts = seen.get(ChainVerdicts, endpoint.url)
        return verdicts is not None and bool(verdicts.failing("hostname"))

    async def observe(self, endpoint: Endpoint, seen: Observations) -> DefaultCertificate:
        from builder.transport.handshake import HandshakeError, read_chain

        found = seen.get(Resolution, endpoint.url)
        address = found.addresses[0] if found and found.addresses else None
        try:
            served = await read_chain(
                endpoint.host, endpoint.port, None, address=address, timeout=self.timeout
            )
        except HandshakeError as error:
            return DefaultCertificate(text=str(error))
        return DefaultCertificate(served.certificates[0] if served.certificates else b"")


@dataclass(frozen=True, slots=True)
class WithoutProxy:
    """Reads the chain past the proxy, where the one seen through it is not trusted: another
    issuer there means that something on the way signs."""

    proxies: ProxyRules
    overrides: Mapping[tuple[str, int], str]
    timeout: float = 5.0

    name = "direct"
    gives = DirectChain
    needs: tuple[type, ...] = (ChainVerdicts,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        verdicts = seen.get(ChainVerdicts, endpoint.url)
        if verdicts is None or not verdicts.distrusting():
            return False
        return proxy_of(self.proxies, endpoint) is not None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> DirectChain:
        from builder.transport.handshake import HandshakeError, read_chain

        try:
            served = await read_chain(
                endpoint.host,
                endpoint.port,
                endpoint.host,
                address=self.overrides.get((endpoint.host, endpoint.port)),
                timeout=self.timeout,
            )
        except HandshakeError as error:
            return DirectChain(text=str(error))
        return DirectChain(served.certificates)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Fetches the issuer of the topmost certificate from where that certificate says.

    The address comes from a server that is not trusted: http only, no redirects, no
    credentials, few and small answers, never a link-local address. What is fetched is only
    evidence and never trusted.
    """

    transport: Transport
    timeout: float = 5.0

    name = "issuer"
    gives = FetchedIssuer
    needs: tuple[type, ...] = (ChainFacts, ChainVerdicts)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        facts = seen.get(ChainFacts, endpoint.url)
        verdicts = seen.get(ChainVerdicts, endpoint.url)
        if facts is None or verdicts is None or not verdicts.distrusting():
            return False
        top = facts.certificates[facts.topmost]
        return not top.self_signed and bool(_usable(top.issuer_urls))

    async def observe(self, endpoint: Endpoint, seen: Observations) -> FetchedIssuer | Failure:
        facts = seen.get(ChainFacts, endpoint.url)
        assert facts is not None
        urls = _usable(facts.certificates[facts.topmost].issuer_urls)
        first = urls[0]
        found: list[bytes] = []
        try:
            async with asyncio.timeout(self.timeout):
                while urls and len(found) < MOST_ISSUERS:
                    der = await self._fetch(urls[0])
                    found.append(der)
                    _, urls = _next(der)
        except (TransportError, BodyTooLarge, TimeoutError, ValueError) as error:
            if not found:
                why = str(error) or f"no answer in {self.timeout:.0f} s"
                return FetchedIssuer(first, text=why)
        return FetchedIssuer(first, found[0], _is_root(found[0]), tuple(found[1:]))

    async def _fetch(self, url: str) -> bytes:
        """One certificate, of DER, PEM or a PKCS #7 bundle. Raises ValueError."""
        reply = await self.transport.request(
            "GET", url, redirects=False, limit=MOST_BYTES, connect_timeout=self.timeout
        )
        if reply.status != 200:
            raise ValueError(f"GET {url} -> {reply.status}")
        return _certificate(reply.body)


def _usable(urls: tuple[str, ...]) -> list[str]:
    usable = []
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname and not is_metadata(parts.hostname):
            usable.append(url)
    return usable


def _certificate(body: bytes) -> bytes:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    def one_of_pem() -> list[x509.Certificate]:
        return [x509.load_pem_x509_certificate(body)]

    def one_of_der() -> list[x509.Certificate]:
        return [x509.load_der_x509_certificate(body)]

    def bundle() -> list[x509.Certificate]:
        return pkcs7.load_der_pkcs7_certificates(body)

    for read in (one_of_der, one_of_pem, bundle):
        try:
            found = read()
        except (ValueError, UnsupportedAlgorithm):
            continue
        if found:
            return found[0].public_bytes(Encoding.DER)
    raise ValueError("what came is no certificate")


def _next(der: bytes) -> tuple[bool, list[str]]:
    from regdoctor.x509 import LATEST, ParseError, parse, release

    try:
        parsed = parse(der, release(LATEST))
    except ParseError:
        return False, []
    root = parsed.subject_raw == parsed.issuer_raw
    return root, [] if root else _usable(tuple(parsed.issuer_urls))


def _is_root(der: bytes) -> bool:
    return _next(der)[0]


async def speaks_tls(
    endpoint: Endpoint, overrides: Mapping[tuple[str, int], str], seconds: float
) -> bool | None:
    """Whether the port speaks TLS, for settings that allow http as well; None: cannot tell."""
    from builder.transport.handshake import HandshakeError, HandshakeStage, read_chain

    address = overrides.get((endpoint.host, endpoint.port))
    try:
        await read_chain(
            endpoint.host, endpoint.port, endpoint.host, address=address, timeout=seconds
        )
    except HandshakeError as error:
        if error.stage is HandshakeStage.ALERT:
            return True
        return False if error.stage in (HandshakeStage.NOT_TLS, HandshakeStage.CLOSED) else None
    return True
