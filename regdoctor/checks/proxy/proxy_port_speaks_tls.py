"""The proxy's URL says http, and the proxy speaks TLS."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of, subject_of
from regdoctor.checks.network.proxies import routes, users
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.proxies import ProxyRoutes
from regdoctor.observations.store import Observations


class ProxyPortSpeaksTls(Check):
    """A TLS alert in place of an answer to CONNECT; asked in TLS, the port answers."""

    code = "proxy-port-speaks-tls"
    summary = "the proxy's URL begins with http://, but the proxy speaks TLS"
    needs = (ProxyRoutes,)
    question = "does the proxy's port take a TLS handshake?"
    probe = "proxies"
    supersedes = ("tcp-connect-failure", "registry-unexpected-answer")
    texts = ('https://*: malformed HTTP response "\\x15\\x03',)
    clients = ("docker", "buildkit", "containerd", "podman", "kaniko")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            for route in routes(seen, endpoint):
                tunnel = route.tunnel
                if tunnel is None or tunnel.speaks != "tls":
                    continue
                subject, breaks = subject_of(endpoint), asking(seen, endpoint, users(route))
                if not breaks:
                    continue
                said = f"the bytes {tunnel.first_bytes!r}" if tunnel.first_bytes else "nothing"
                yield Finding(
                    code=self.code,
                    title=f"{route.setting.source} names the proxy {route.proxy}, which speaks "
                    "TLS: write https://, or use its port for plain HTTP",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        Evidence(
                            f"CONNECT {subject} in the clear got {said}",
                            "proxies",
                            {"first_bytes": tunnel.first_bytes.hex()},
                        ),
                        Evidence(
                            f"a TLS handshake with {route.proxy.partition('://')[2]} is answered",
                            "proxies",
                            {"proxy": route.proxy, "source": route.setting.source},
                        ),
                    ),
                    breaks=breaks,
                )


CHECK = ProxyPortSpeaksTls()
