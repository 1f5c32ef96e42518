"""NO_PROXY was meant to leave the registry out, and does not by Go's rules."""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.network.proxies import routes, users
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.proxies import ProxyRoute, ProxyRoutes
from regdoctor.observations.store import Observations

_PORTS = {"http": 80, "https": 443}
_BY_PROXIES = ("Via", "X-Squid-Error", "X-Cache", "Proxy-Agent", "Proxy-Connection")


class NoProxyMistakes(Check):
    """Only where the way through the proxy fails, and an entry nearly matches."""

    code = "no-proxy-mistakes"
    summary = "NO_PROXY does not leave the registry out, although an entry was meant to"
    needs = (ProxyRoutes,)
    question = "which entry of NO_PROXY is meant for the registry, and does Go match it?"
    probe = "proxies"
    supersedes = (
        "tcp-connect-failure",
        "proxy-407-authentication-required",
        "registry-unexpected-answer",
        "daemon-does-not-use-shell-proxy",
    )
    texts = ("error parsing HTTP 403 response body: invalid character '<'",)
    clients = ("docker", "buildkit", "containerd", "podman", "kaniko", "crane")
    symptoms = ("a registry of the own network is asked for through the company's proxy",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            known = seen.get(ProxyRoutes, endpoint)
            for route in routes(seen, endpoint):
                failed = _failed(seen, endpoint, route)
                if not route.proxy or failed is None:
                    continue
                miss = near_miss(route.setting.no_proxy, endpoint, known.addresses if known else ())
                breaks = asking(seen, endpoint, users(route))
                if miss is None or not breaks:
                    continue
                entry, why = miss
                subject = subject_of(endpoint)
                yield Finding(
                    code=self.code,
                    title=f"{subject} is asked for through the proxy {route.proxy}: the entry "
                    f"{entry} of NO_PROXY ({route.setting.source}) {why}",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        Evidence(
                            f"NO_PROXY is {route.setting.no_proxy}",
                            "proxies",
                            {"entry": entry, "source": route.setting.source},
                        ),
                        failed,
                    ),
                    breaks=breaks,
                )


def _failed(seen: Observations, endpoint: str, route: ProxyRoute) -> Evidence | None:
    """What went wrong on that way; None where it goes well, or nobody tried."""
    ping = seen.get(Ping, endpoint)
    if route.setting.client == OWN:
        answer = ping.answer if ping else None
        if answer is None or not (answer.fault == "proxy" or _answered_by_proxy(answer)):
            return None
        return answer_evidence(answer, "ping")
    tunnel = route.tunnel
    if tunnel is None or tunnel.made or tunnel.speaks:
        return None
    words = f"answered {tunnel.words}" if tunnel.status else tunnel.text
    return Evidence(f"{route.proxy} {words}", "proxies", {"status": tunnel.status})


def _answered_by_proxy(answer: Answer) -> bool:
    """A refusal with a proxy's marks, of a request that was not for a tunnel."""
    if not (answer.url.startswith("http://") and answer.status >= 400):
        return False
    return any(answer.header(name) for name in _BY_PROXIES)


def near_miss(
    no_proxy: str, endpoint: str, addresses: tuple[str, ...] = ()
) -> tuple[str, str] | None:
    """The first entry meant for the endpoint, and why Go does not match it; None for none.

    ``addresses`` are those of the endpoint's name.
    """
    parts = urlsplit(endpoint)
    host = (parts.hostname or "").lower()
    port = parts.port or _PORTS.get(parts.scheme, 0)
    for raw in no_proxy.split(","):
        entry = raw.strip().lower()
        why = _why(entry, host, port, addresses) if entry else ""
        if why:
            return raw.strip(), why
    return None


def _why(entry: str, host: str, port: int, addresses: tuple[str, ...]) -> str:
    words = re.split(r"[\s;|]+", entry)
    if len(words) > 1:
        if any(_covers(word, host) for word in words):
            return "is no list: entries are separated by commas alone"
        return ""
    if "://" in entry:
        named = urlsplit(entry).hostname or ""
        return "is a URL: an entry is a host, without scheme and path" if named == host else ""
    if _holds(entry, addresses) and not _literal(host):
        return "is an address or a network, and Go does not look the name up to compare"
    name, colon, given = entry.rpartition(":")
    if colon and given.isdecimal() and _covers(name, host) and int(given) != port:
        return f"has another port than {port}"
    if entry.startswith(".") and entry[1:] == host:
        return "begins with a dot: it covers the names below, and not this one"
    if "*" in entry.removeprefix("*.") and fnmatch.fnmatchcase(host, entry):
        return "has a * where Go takes none: only *.domain is a pattern"
    return ""


def _covers(entry: str, host: str) -> bool:
    """As Go matches one good entry."""
    bare = entry.removeprefix("*").removeprefix(".")
    return bool(bare) and (host == bare or host.endswith("." + bare))


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _holds(entry: str, addresses: tuple[str, ...]) -> bool:
    try:
        network = ipaddress.ip_network(entry, strict=False)
        return any(ipaddress.ip_address(each) in network for each in addresses)
    except ValueError:
        return False


CHECK = NoProxyMistakes()
