"""The proxy is set in the shell, and the daemon does not read the shell."""

from __future__ import annotations

from regdoctor.checks.proxy.unproxied import UnproxiedCheck
from regdoctor.observations.proxies import Kind, ProxyRoute


class DaemonWithoutProxy(UnproxiedCheck):
    """Proven by going both ways."""

    code = "daemon-does-not-use-shell-proxy"
    summary = "the proxy is set in the shell, and the daemon, which needs it too, has none"
    question = "which proxy has the daemon itself, and does it need one?"
    kind: Kind = "daemon"
    texts = (
        "net/http: request canceled while waiting for connection",
        "dial tcp: lookup * no such host",
    )
    clients = ("docker", "containerd", "buildkit", "docker-desktop", "kubernetes")

    def verdict(self, route: ProxyRoute, proxy: str, subject: str) -> str:
        daemon = {"docker": "dockerd", "buildkit": "buildkitd"}.get(
            route.setting.client, route.setting.client
        )
        return f"{daemon} goes to {subject} without a proxy, and only {proxy} leads there"


CHECK = DaemonWithoutProxy()
