"""The proxy's URL says https, and the proxy speaks http."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of, subject_of
from regdoctor.checks.network.proxies import routes, users
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.proxies import ProxyRoutes
from regdoctor.observations.store import Observations


class HttpsSchemeOfProxy(Check):
    """The scheme says how to speak to the proxy, not what is fetched through it."""

    code = "proxyconnect-tls-record-https-proxy-scheme"
    summary = "the proxy's URL begins with https://, but the proxy speaks plain HTTP"
    needs = (ProxyRoutes,)
    question = "does the proxy's port answer CONNECT in the clear?"
    probe = "proxies"
    supersedes = ("tcp-connect-failure", "registry-unexpected-answer")
    texts = (
        "proxyconnect tcp: tls: first record does not look like a TLS handshake",
        "proxyconnect tcp: http: server gave HTTP response to HTTPS client",
    )
    clients = ("docker", "buildkit", "containerd", "podman", "kaniko")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            for route in routes(seen, endpoint):
                tunnel = route.tunnel
                if tunnel is None or tunnel.speaks != "http":
                    continue
                subject, breaks = subject_of(endpoint), asking(seen, endpoint, users(route))
                if not breaks:
                    continue
                answer = tunnel.first_bytes.split(b"\r\n", 1)[0].decode("latin-1")
                yield Finding(
                    code=self.code,
                    title=f"{route.setting.source} names the proxy {route.proxy}, which speaks "
                    "plain HTTP: write http://",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        Evidence(
                            f"a TLS handshake with {route.proxy} fails: {tunnel.text}",
                            "proxies",
                            {"proxy": route.proxy, "source": route.setting.source},
                        ),
                        Evidence(
                            f"CONNECT {subject} in the clear -> {answer}",
                            "proxies",
                            {"first_bytes": tunnel.first_bytes.hex()},
                        ),
                    ),
                    breaks=breaks,
                )


CHECK = HttpsSchemeOfProxy()
