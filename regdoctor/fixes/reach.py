"""Addresses and ports: mirrors that are gone, IPv6 without a route, and who owns a port."""

from __future__ import annotations

from urllib.parse import urlsplit

from regdoctor.fixes.authority import added, quoted
from regdoctor.fixes.certificates import endpoint_of, written
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations


def _host(seen: Observations, finding: Finding) -> str:
    return urlsplit(endpoint_of(seen, finding)).hostname or finding.subject


def ipv6_route(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """An A record first: most hosts have no IPv6, and need none."""
    host = quoted(_host(seen, finding))
    return (
        Fix(
            client="host",
            title="use a resolver that gives the IPv4 address (compare the answers), or have an A "
            "record made for the name",
            disposition="manual",
            commands=(f"dig A {host}", f"dig AAAA {host}", "resolvectl status"),
        ),
        Fix(
            client="host",
            title="or mend the route for IPv6; where the network has none, switch it off, so that "
            "nobody tries",
            disposition="manual",
            commands=("ip -6 route show default", "sysctl -w net.ipv6.conf.all.disable_ipv6=1"),
        ),
    )


def replace_mirror(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Out of the file of each client that asks it."""
    endpoint = endpoint_of(seen, finding)
    role = seen.get(Role, endpoint)
    domain = role.domains[0] if role and role.domains else "docker.io"
    removals = {
        "docker": (
            "/etc/docker/daemon.json",
            f'-  "registry-mirrors": ["{endpoint}"]\n',
            ("systemctl reload docker",),
        ),
        "buildkit": (
            "/etc/buildkit/buildkitd.toml",
            f'-  mirrors = ["{finding.subject}"]\n',
            ("systemctl restart buildkit",),
        ),
        "containerd": (
            f"/etc/containerd/certs.d/{domain}/hosts.toml",
            f'-[host."{endpoint}"]\n',
            (),
        ),
        "podman": (
            "/etc/containers/registries.conf",
            f'-[[registry.mirror]]\n-location = "{finding.subject}"\n',
            (),
        ),
        "regdoctor": (
            "/etc/regdoctor/config.toml",
            f'-  mirrors = ["{finding.subject}"]\n',
            (),
        ),
    }
    return tuple(
        Fix(
            client=client,
            title="take the mirror out, or put one in its place that answers",
            disposition="safe",
            commands=commands,
            files=(FileChange(path, diff),),
        )
        for client, (path, diff, commands) in removals.items()
        if client in finding.breaks
    )


def builder_loopback(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The host's network for the builder, or a network and a name that both are in."""
    port = finding.subject.rpartition(":")[2]
    section = f'[registry."registry:{port}"]\n  http = true'
    return (
        Fix(
            client="buildkit",
            title="make the builder anew in the network of this host (Linux)",
            disposition="safe",
            commands=("docker buildx create --use --driver-opt network=host",),
        ),
        Fix(
            client="buildkit",
            title="or put registry and builder into one network, and write the registry's name "
            "there in references",
            disposition="manual",
            commands=(
                "docker network create build",
                "docker network connect build registry",
                (
                    "docker buildx create --use --driver-opt network=build "
                    "--buildkitd-config buildkitd.toml"
                ),
            ),
            files=(FileChange("buildkitd.toml", added(section)),),
        ),
        Fix(
            client="Docker Desktop",
            title=f"write host.docker.internal:{port} in references, and allow plain http for it",
            disposition="manual",
        ),
    )


def past_middlebox(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The network's to mend; to allow plain http would hand pulls to whoever answers."""
    host = quoted(_host(seen, finding))
    return (
        Fix(
            client="network",
            title=f"have {finding.subject}, its token server and the host of its layers exempted "
            "from the filter, log in to the portal, or use the proxy or mirror that is allowed",
            disposition="manual",
            commands=(f"getent ahosts {host}", f"curl -sI http://{host}:443/v2/"),
        ),
        Fix(
            client="all clients",
            title="do not put the host into insecure-registries: it is not the registry that "
            "answers",
            disposition="manual",
        ),
    )


def other_port(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A port in the reference says which of the two is meant."""
    name = f"{_host(seen, finding)}:80"
    makers = {
        "docker": ("/etc/docker/daemon.json", f'{{"insecure-registries": ["{name}"]}}'),
        "buildkit": ("/etc/buildkit/buildkitd.toml", f'[registry."{name}"]\n  http = true'),
        "containerd": (
            f"/etc/containerd/certs.d/{name}/hosts.toml",
            f'server = "http://{name}"',
        ),
        "podman": (
            "/etc/containers/registries.conf.d/plain-http.conf",
            f'[[registry]]\nlocation = "{name}"\ninsecure = true',
        ),
        "regdoctor": ("/etc/regdoctor/config.toml", f'[registry."{name}"]\n  http = true'),
    }
    return (
        Fix(
            client="server",
            title="publish /v2/ on port 443 of that host, in TLS: the best way, for all clients",
            disposition="manual",
        ),
        *(
            Fix(
                client=client,
                title=f"or write the port in references ({name}/repository:tag) and allow plain "
                "http for it",
                disposition="unsafe",
                files=(FileChange(path, added(text)),),
            )
            for client, (path, text) in makers.items()
            if client in finding.breaks
        ),
    )


def public_realm(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A name and https, which every client takes."""
    name = written(seen, endpoint_of(seen, finding))
    return (
        Fix(
            client="server",
            title="name the token server by a DNS name and https, best by the registry's own "
            f"({name}): Harbor external_url, Distribution auth.token.realm, Nexus behind a proxy "
            "the headers X-Forwarded-Host and X-Forwarded-Proto",
            disposition="manual",
        ),
    )
