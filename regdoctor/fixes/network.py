"""Names, connections and HTTP/2: what mends the way to a registry."""

from __future__ import annotations

from regdoctor.fixes.authority import added
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def leave_http2(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """docker and BuildKit push over HTTP/1.1 anyway; the others can be told to."""
    return (
        Fix(
            client="kaniko",
            title="speak HTTP/1.1 for this push (crane, ko and skopeo take the variable too)",
            disposition="safe",
            commands=("export GODEBUG=http2client=0",),
        ),
        Fix(
            client="buildkit",
            title="upgrade BuildKit: since 0.7 it pushes over HTTP/1.1",
            disposition="manual",
        ),
        Fix(
            client="server",
            title="let the load balancer keep connections longer, or take HTTP/2 off the "
            "registry's site (nginx)",
            disposition="manual",
            files=(FileChange("nginx.conf", added("keepalive_requests 100000;\nhttp2 off;")),),
        ),
    )


def names_in_builders(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The builder's own resolver, or the host's."""
    section = '[dns]\n  nameservers = ["192.0.2.53"]\n  searchDomains = ["corp.example"]'
    return (
        Fix(
            client="buildkit",
            title="give the builder the host's network, and with it the host's resolver",
            disposition="manual",
            commands=("docker buildx create --use --driver-opt network=host",),
        ),
        Fix(
            client="buildkit",
            title="or name the resolvers that know the name, and make the builder anew",
            disposition="manual",
            commands=("docker buildx create --use --buildkitd-config buildkitd.toml",),
            files=(FileChange("buildkitd.toml", added(section)),),
        ),
        Fix(
            client="buildkit",
            title="for a single name in RUN steps",
            disposition="safe",
            commands=("docker buildx build --add-host my.corp.example=192.0.2.7 .",),
        ),
    )


def let_desktop_out(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The block is on the machine itself."""
    return (
        Fix(
            client="host",
            title="allow com.docker.backend and vpnkit in this machine's firewall (Little Snitch, "
            "LuLu, an endpoint agent), for the blob hosts as well",
            disposition="manual",
            commands=("curl -sI https://registry-1.docker.io/v2/",),
        ),
    )
