"""A builder in a container has the environment that it was made with, and no other."""

from __future__ import annotations

from regdoctor.checks.proxy.unproxied import UnproxiedCheck
from regdoctor.observations.proxies import Kind, ProxyRoute


class BuilderWithoutProxy(UnproxiedCheck):
    """Neither the daemon's proxy nor that of ``~/.docker/config.json`` is the builder's."""

    code = "buildx-container-builder-no-proxy"
    summary = "a buildx builder in a container was given no proxy, and needs one to pull"
    question = "was the builder made with env.https_proxy?"
    kind: Kind = "builder"
    texts = (
        'failed to fetch oauth token: Post "https://*: read: connection reset by peer',
        "invalid driver option env.http_proxy for docker-container driver",
    )
    clients = ("buildkit",)

    def verdict(self, route: ProxyRoute, proxy: str, subject: str) -> str:
        builder = route.setting.source
        return f"{builder} goes to {subject} without a proxy, and only {proxy} leads there"


CHECK = BuilderWithoutProxy()
