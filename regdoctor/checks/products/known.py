"""The product behind an endpoint, from every answer that it gave."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from regdoctor.checks.products.quirks import ORDINARY, known_for
from regdoctor.model.finding import Evidence
from regdoctor.observations.fingerprints import (
    TITLES,
    Product,
    ProductAnswer,
    front_of,
    product_of,
)
from regdoctor.observations.http import Answer, BlobLook, HeadRoute, ManifestLook, Ping
from regdoctor.observations.images import Asked, DigestLook
from regdoctor.observations.store import Observations


def answers_of(seen: Observations, endpoint: str) -> Iterator[Answer]:
    """Every answer of the endpoint, the one to ``/v2/`` first."""
    ping, route = seen.get(Ping, endpoint), seen.get(HeadRoute, endpoint)
    if ping is not None:
        yield ping.answer
    if route is not None:
        yield from (route.head, route.get)
    for _, look in seen.named(ManifestLook, endpoint):
        yield from (each for each in (look.head, look.get) if each is not None)
    for _, by_digest in seen.named(DigestLook, endpoint):
        yield by_digest.answer
    for _, blob in seen.named(BlobLook, endpoint):
        if blob.answer is not None and not blob.redirected:
            yield blob.answer
    for _, asked in seen.named(Asked, endpoint):
        if asked.question != "blob-without-login":
            yield asked.answer


def known_product(seen: Observations, endpoint: str) -> Product | None:
    """What the endpoint's answers tell of the product."""
    page, product = seen.get(ProductAnswer, endpoint), product_of(tuple(answers_of(seen, endpoint)))
    if page is None or not page.alive or (product is not None and product.version):
        return product
    return Product(page.product, TITLES[page.product], page.version, urlsplit(page.answer.url).path)


def product_evidence(seen: Observations, endpoint: str, code: str = "") -> Iterator[Evidence]:
    """The product and its version, and what stands before it, where their marks were seen; and
    in which versions it is known for ``code``."""
    product = known_product(seen, endpoint)
    if product is not None and product.name == "distribution" and code in ORDINARY:
        product = None  # what is made of it answers alike, and it is nothing to an ordinary fault
    if product is not None:
        data = {"product": product.name, "version": product.version, "mark": product.mark}
        # Several products are made of Distribution, and answer as it does.
        made = product.name == "distribution"
        fact = f"the registry is {product}{', or made of it' if made else f': {product.mark}'}"
        yield Evidence(fact, "product", data)
    ping = seen.get(Ping, endpoint)
    front = front_of(ping.answer) if ping is not None else None
    if front is not None:
        data = {"product": front.title, "version": front.version, "mark": front.mark}
        yield Evidence(f"the answers come through {front}", "product", data)
    named = [each for each in (product, front) if each is not None]
    for each in named:
        # Of what stands before a registry, nginx alone has quirks of its own.
        for quirk in known_for("nginx" if each.title == "nginx" else each.name, code):
            versions = f" (versions: {quirk.versions})" if quirk.versions else ""
            fact = f"{each.title} is known for this{versions}"
            yield Evidence(fact, "product", {"quirk": quirk.id, "versions": quirk.versions})
