"""Names, connections and HTTP/2: what mends the way to a registry."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
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


def smaller_packets(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The MTU of this host, of docker's networks, or at the gateway."""
    host = finding.subject.rpartition(":")[0] or finding.subject
    return (
        Fix(
            client="host",
            title="find the size that passes, and set the interface to it; a gateway can do it "
            "for all hosts",
            disposition="manual",
            commands=(
                f"ping -M do -s 1372 -c 3 {quoted(host.strip('[]'))}",
                "ip link set dev eth0 mtu 1400",
                (
                    "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN "
                    "-j TCPMSS --clamp-mss-to-pmtu"
                ),
            ),
        ),
        Fix(
            client="docker",
            title="containers have an MTU of their own: dind and networks inside an overlay need "
            "that of the network around them",
            disposition="manual",
            commands=("systemctl restart docker",),
            files=(FileChange("/etc/docker/daemon.json", added('{"mtu": 1400}')),),
        ),
        Fix(
            client="buildkit",
            title="let the builder use the host's network",
            disposition="manual",
            commands=("docker buildx create --use --driver-opt network=host",),
        ),
    )


def shorter_hello(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """GODEBUG for each Go program; the box on the way is what is broken."""
    drop_in = '[Service]\nEnvironment="GODEBUG=tlsmlkem=0"'
    return (
        Fix(
            client="network",
            title="update the firewall, load balancer or TLS proxy before the registry: it must "
            "take a ClientHello of more than one packet",
            disposition="manual",
        ),
        Fix(
            client="docker",
            title="until then, take the key exchange out of dockerd's hello; containerd and "
            "buildkitd likewise (tlskyber=0 for programs built with Go 1.23)",
            disposition="unsafe",
            commands=("systemctl daemon-reload", "systemctl restart docker"),
            files=(FileChange("/etc/systemd/system/docker.service.d/tls.conf", added(drop_in)),),
        ),
        Fix(
            client="buildkit",
            title="a builder in a container has its own environment",
            disposition="unsafe",
            commands=("docker buildx create --use --driver-opt env.GODEBUG=tlsmlkem=0",),
        ),
        Fix(
            client="podman",
            title="podman, buildah and skopeo read it from the shell",
            disposition="unsafe",
            commands=("export GODEBUG=tlsmlkem=0",),
        ),
    )
