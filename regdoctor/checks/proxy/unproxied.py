"""Clients that go straight where only the proxy leads: two checks with one judgement."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Ping
from regdoctor.observations.proxies import Kind, ProxyRoute, ProxyRoutes
from regdoctor.observations.store import Observations


class UnproxiedCheck(Check):
    """The shell's proxy answers, the way without it does not, and a client has no proxy."""

    code = ""
    needs = (ProxyRoutes,)
    probe = "proxies"
    kind: Kind

    @abstractmethod
    def verdict(self, route: ProxyRoute, proxy: str, subject: str) -> str:
        """The title, for the client of ``route``; ``proxy`` is the one that works."""

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            known, ping = seen.get(ProxyRoutes, endpoint), seen.get(Ping, endpoint)
            if known is None or ping is None or not known.tried or not known.straight:
                continue
            own = next(iter(known.of(OWN)), None)
            if own is None or not own.proxy or not ping.answer.status:
                continue
            for route in known.routes:
                client = route.setting.client
                breaks = asking(seen, endpoint, (client,))
                if route.proxy or not breaks or route.setting.kind != self.kind:
                    continue
                subject = subject_of(endpoint)
                yield Finding(
                    code=self.code,
                    title=self.verdict(route, own.proxy, subject),
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        Evidence(
                            f"through {own.proxy} (the environment): GET /v2/ -> "
                            f"{ping.answer.status}",
                            "ping",
                            {"proxy": own.proxy, "status": ping.answer.status},
                        ),
                        Evidence(
                            f"without a proxy: {known.straight}",
                            "proxies",
                            {"straight": known.straight},
                        ),
                        Evidence(
                            f"proxies of {client}: {route.setting.source}"
                            + (f", NO_PROXY {_no_proxy(route)}" if _no_proxy(route) else ""),
                            "files",
                            {"source": route.setting.source},
                        ),
                        *(
                            Evidence(f"a proxy is set in {place}", "files", {"place": place})
                            for place in route.setting.unread
                        ),
                    ),
                    breaks=breaks,
                )


def _no_proxy(route: ProxyRoute) -> str:
    """Named where it is what leaves the registry out."""
    return route.setting.no_proxy if route.setting.https or route.setting.http else ""
