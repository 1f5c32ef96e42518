"""Pages that only one product has, asked where there is trouble and nothing else tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from builder.registry import Host, Session
from builder.transport import Endpoint, Exchange, TransportError, Trust
from builder.transport.errors import BodyTooLarge
from regdoctor.observations.fingerprints import ProductAnswer, page_of, product_of
from regdoctor.observations.from_exchanges import BODY, answer_of
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.products import is_nexus
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class ProductProbe:
    """Of a registry that does not answer as one: which product is it, and in which version?

    One request, without credentials, and only where ``/v2/`` is answered with an error.
    """

    session: Session
    hosts: Mapping[str, Host]
    timeout: float = 10.0

    name = "product"
    gives = ProductAnswer
    needs: tuple[type, ...] = (Ping,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        ping = seen.get(Ping, endpoint.url)
        return ping is not None and endpoint.url in self.hosts and bool(_asked(ping.answer))

    async def observe(self, endpoint: Endpoint, seen: Observations) -> ProductAnswer:
        ping, host = seen.get(Ping, endpoint.url), self.hosts[endpoint.url]
        assert ping is not None
        product = _asked(ping.answer)
        unverified = Trust(host.trust.roots, True, host.trust.client_certificates)
        trust = host.trust if ping.verified else unverified
        path = page_of(product)
        return ProductAnswer(
            product, await _page(self.session, endpoint, trust, self.timeout, path)
        )


async def ask_version(seen: Observations, session: Session, host: Host, seconds: float) -> None:
    """The version of a product that is known by its marks, where an image of it is in trouble."""
    where = host.endpoint.url
    ping = seen.get(Ping, where)
    product = product_of((ping.answer,)) if ping is not None else None
    if ping is None or product is None or product.version or not page_of(product.name):
        return
    if seen.get(ProductAnswer, where) is None:
        answer = await _page(session, host.endpoint, host.trust, seconds, page_of(product.name))
        seen.add(where, ProductAnswer(product.name, answer))


async def _page(
    session: Session, endpoint: Endpoint, trust: Trust, seconds: float, path: str
) -> Answer:
    """``GET`` of ``path`` without credentials, the beginning of its body kept."""
    told: list[Exchange] = []
    url, body = f"{endpoint.url}{path}", b""
    try:
        reply = await session.transport.request(
            "GET",
            url,
            trust=trust,
            redirects=False,
            limit=64 * 1024,
            connect_timeout=seconds,
            read_timeout=seconds,
            on_exchange=told.append,
        )
        body = reply.body
    except (TransportError, BodyTooLarge) as error:
        if not told:
            return Answer("GET", url, fault="other", text=str(error))
    return replace(answer_of(told[-1]), body=body[:BODY].decode("utf-8", "replace"))


def _asked(answer: Answer) -> str:
    """Whose page is asked for: that of the product that is known, else of an Artifactory whose
    ``/v2/`` its proxy does not know, which is the one that looks like no registry at all."""
    if answer.status != 404 or is_nexus(answer):
        return ""
    product = product_of((answer,))
    if product is None:
        return "artifactory" if "json" not in answer.header("Content-Type") else ""
    return product.name if page_of(product.name) and not product.version else ""
