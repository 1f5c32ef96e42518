"""Which product gave an answer: marks in headers, challenges and bodies, which cost no request.

Of each product the marks that its own code, or a captured answer, is known to have. A mark that
several products share tells a family, and gives way to one that tells more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from regdoctor.observations.http import Answer

Place = Literal["challenge", "body", "host"]


@dataclass(frozen=True, slots=True)
class Product:
    """``name`` is a key of the index of products; ``version`` is empty where nothing told it;
    ``mark`` is the text that gave it away."""

    name: str
    title: str
    version: str = ""
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.title} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class ProductAnswer:
    """The answer of a page that one ``product`` has, asked because there was trouble."""

    product: str
    answer: Answer

    @property
    def alive(self) -> bool:
        """It is there, and as that product writes it."""
        return bool(self._marks())

    @property
    def version(self) -> str:
        """What the page says of the version, if it does."""
        versions = (mark.groupdict().get("version") for mark in self._marks())
        return next((each for each in versions if each), "")

    def _marks(self) -> list[re.Match[str]]:
        if not self.answer.ok or self.product not in _PAGES:
            return []
        return list(re.finditer(_PAGES[self.product][1], self.answer.body))


@dataclass(frozen=True, slots=True)
class _Mark:
    """``place``: a header's name, or challenge, body, host. ``status`` 0 is any."""

    product: str
    place: str
    pattern: re.Pattern[str]
    status: int = 0


TITLES = {
    "nexus": "Sonatype Nexus",
    "artifactory": "JFrog Artifactory",
    "harbor": "Harbor",
    "gitlab": "GitLab",
    "ghcr": "GitHub Container Registry",
    "docker-hub": "Docker Hub",
    "quay": "Quay",
    "ecr": "Amazon ECR",
    "acr": "Azure Container Registry",
    "gar": "Google Artifact Registry",
    "zot": "zot",
    "gitea": "Gitea or Forgejo",
    "pulp": "Pulp",
    "cloudsmith": "Cloudsmith",
    "distribution": "Docker Distribution",
}


def _mark(product: str, place: str, pattern: str = "", status: int = 0) -> _Mark:
    return _Mark(product, place, re.compile(pattern, re.IGNORECASE), status)


_VERSION = r"(?P<version>[0-9][0-9.]*(?:-[0-9]+)?)"

MARKS: tuple[_Mark, ...] = (
    _mark("nexus", "Server", rf"^Nexus/{_VERSION}"),
    _mark("nexus", "challenge", r'^basic realm="Sonatype Nexus Repository'),
    _mark("nexus", "challenge", r'Bearer realm="(?P<u>https?://[^"]+/v2/token)",service="(?P=u)"'),
    _mark("nexus", "body", r"access to the requested resource is not authorized", 401),
    _mark("nexus", "body", r"<title>404 - (?:Nexus Repository Manager|Sonatype Nexus)", 404),
    _mark("artifactory", "X-JFrog-Version", rf"^Artifactory/{_VERSION}"),
    _mark("artifactory", "X-Artifactory-Id"),
    _mark("artifactory", "X-Artifactory-Node-Id"),
    _mark("artifactory", "Server", rf"^Artifactory/{_VERSION}"),
    _mark("artifactory", "challenge", r'Bearer realm="[^"]*/artifactory/api/docker/[^"]*v2/token"'),
    _mark("artifactory", "challenge", r'Basic realm="Artifactory Realm"'),
    _mark("harbor", "challenge", r'realm="https?://[^"]+/service/token",service="harbor-registry"'),
    _mark("harbor", "challenge", r'Basic realm="harbor"'),
    _mark("harbor", "body", r'"code":"PROJECTPOLICYVIOLATION"'),
    _mark("gitlab", "GitLab-Container-Registry-Version", r"^v?(?P<version>[0-9.]+)-gitlab$"),
    _mark("gitlab", "GitLab-Container-Registry-Features"),
    _mark("gitlab", "GitLab-Container-Registry-Database-Enabled"),
    _mark("gitlab", "challenge", r'realm="https?://[^"]+/jwt/auth",service="container_registry"'),
    _mark("ghcr", "host", r"^ghcr\.io$"),
    _mark("ghcr", "challenge", r'Bearer realm="https://ghcr\.io/token",service="ghcr\.io"'),
    _mark("docker-hub", "host", r"^(?:registry-1|index)\.docker\.io$"),
    _mark("docker-hub", "challenge", r'realm="https://auth\.docker\.io/token"'),
    _mark("docker-hub", "Docker-RateLimit-Source"),
    _mark("quay", "challenge", r'Bearer realm="https?://[^"]+/v2/auth",service="[^"]+"'),
    _mark("ecr", "host", r"^[0-9]{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$"),
    _mark("ecr", "host", r"^public\.ecr\.aws$"),
    _mark("ecr", "challenge", r'Basic realm="https://[^"]+/",service="ecr\.amazonaws\.com"'),
    _mark("ecr", "body", r"^Not Authorized\s*$", 401),
    _mark("acr", "host", r"^[a-z0-9]+\.azurecr\.(?:io|cn|us)$"),
    _mark("acr", "challenge", r'Bearer realm="https://[^"]+\.azurecr\.[a-z]+/oauth2/token"'),
    _mark("gar", "host", r"^(?:[a-z0-9-]+-)?docker\.pkg\.dev$|^(?:[a-z]+\.)?gcr\.io$"),
    _mark("gar", "challenge", r'Bearer realm="https://[^"]*(?:\.pkg\.dev|gcr\.io)/v2/token"'),
    _mark("zot", "X-Zot-Cluster-Hop-Count"),
    _mark("gitea", "body", rf'^{{"version":"{_VERSION}', 200),
    _mark("pulp", "X-Registry-Supports-Signatures", r"^1$"),
    _mark("pulp", "body", r"Blob not found, hello!\?", 404),
    _mark("cloudsmith", "host", r"(?:^|\.)cloudsmith\.(?:io|com)$"),
)
"""Every mark, the telling ones of a product first."""

_FRONTS = (
    ("nginx", "Server", r"^(?:nginx|openresty)(?:/(?P<version>[0-9.]+))?"),
    ("Cloudflare", "Server", r"^cloudflare"),
    ("HAProxy", "body", r"<h1>50[234] [A-Za-z -]+</h1>\s*(?:No server is available|The server)"),
    ("nginx", "body", r"<center>(?:nginx|openresty)(?:/(?P<version>[0-9.]+))?"),
    ("Envoy", "Server", r"^(?:istio-)?envoy"),
    ("Envoy", "body", r"^upstream connect error|^no healthy upstream"),
    ("Apache", "Server", r"^Apache(?:/(?P<version>[0-9.]+))?"),
    ("Apache Traffic Server", "Server", r"^ATS/"),
    ("AWS ELB", "Server", r"^awselb/(?P<version>[0-9.]+)"),
    ("CloudFront", "Server", r"^CloudFront"),
    ("Google's load balancer", "Server", r"^(?:gws|Google Frontend|gfe)"),
    ("Squid", "Server", r"^squid(?:/(?P<version>[0-9.]+))?"),
    ("Varnish", "Server", r"^Varnish"),
    ("Varnish", "Via", r"varnish"),
    ("Caddy", "Server", r"^Caddy"),
    ("LiteSpeed", "Server", r"^LiteSpeed"),
    ("Traefik", "body", r"^(?:Bad Gateway|Gateway Timeout|no available server)\s*$"),
    ("HAProxy", "body", r"<html><body><h1>(?:408 Request Time-out|50[234] )"),
    ("a proxy", "Via", r"."),
)


_NUMBER = r"v?(?P<version>[0-9][0-9.]*[0-9a-zA-Z.+-]*)"
_PAGES: dict[str, tuple[str, str]] = {
    "artifactory": ("/artifactory/api/system/ping", r"^OK\s*$"),
    "gitea": ("/api/v1/version", rf'"version"\s*:\s*"{_NUMBER}'),
    "harbor": ("/api/v2.0/systeminfo", rf'"harbor_version"\s*:\s*"{_NUMBER}|"auth_mode"'),
    "pulp": ("/pulp/api/v3/status/", rf'"component":"container","version":"{_NUMBER}'),
    "quay": ("/health/instance", r'"services"'),
    "zot": ("/v2/_zot/ext/mgmt", rf'"releaseTag"\s*:\s*"{_NUMBER}|"distSpecVersion"'),
}


def page_of(product: str) -> str:
    """The path that tells a product by its answer, or its version; empty where it has none."""
    return _PAGES[product][0] if product in _PAGES else ""


def product_of(answers: Sequence[Answer]) -> Product | None:
    """The product behind the answers; one that tells its version wins over one that does not."""
    found: Product | None = None
    for answer in answers:
        for mark in MARKS:
            hit = _hit(mark, answer)
            if hit is None:
                continue
            version = hit.groupdict().get("version") or ""
            product = Product(mark.product, TITLES[mark.product], version, hit[0][:120])
            same = found is None or found.name == product.name
            if found is None or (same and version and not found.version):
                found = product
    return found or _distribution(answers)


def front_of(answer: Answer) -> Product | None:
    """What stands before the registry and gave this answer itself, or passed it on."""
    for name, place, pattern in _FRONTS:
        text = answer.body[:4096] if place == "body" else answer.header(place)
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None:
            return Product("proxy", name, found.groupdict().get("version") or "", found[0][:120])
    return None


def _hit(mark: _Mark, answer: Answer) -> re.Match[str] | None:
    if mark.status and answer.status != mark.status:
        return None
    if mark.place == "challenge":
        return next((m for c in answer.challenges if (m := mark.pattern.search(c))), None)
    if mark.place == "body":
        return mark.pattern.search(answer.body[:4096]) if answer.body else None
    if mark.place == "host":
        return mark.pattern.search((urlsplit(answer.url).hostname or "").lower())
    value = answer.header(mark.place)
    return mark.pattern.search(value) if value else None


def _distribution(answers: Sequence[Answer]) -> Product | None:
    """Docker's own registry, or what is made of it: no version, but the form of one answer."""
    for answer in answers:
        own = answer.header("Docker-Distribution-Api-Version") == "registry/2.0"
        if not own or urlsplit(answer.url).path != "/v2/" or answer.status != 200:
            continue
        if answer.body.strip() != "{}":
            continue
        kind = answer.header("Content-Type")
        line = {"application/json; charset=utf-8": "2.x", "application/json": "3.x"}.get(kind, "")
        return Product("distribution", TITLES["distribution"], line, f"Content-Type {kind}")
    return None
