"""Telling clients that a registry speaks plain HTTP, or making it speak TLS."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
from regdoctor.fixes.certificates import endpoint_of, written
from regdoctor.fixes.containerd import Root, root_of
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.host import HostFiles
from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.store import HOST, Observations


def allow_or_secure(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """TLS first; plain http for each client only where a registry was seen in the clear."""
    endpoint = endpoint_of(seen, finding)
    plain = seen.get(PlainAnswer, endpoint)
    if plain is None or not plain.registry_like:
        return (
            Fix(
                client="all clients",
                title="no registry answers on that port: use the port on which it does; "
                "allowing plain http would not help",
                disposition="manual",
            ),
        )
    name = written(seen, endpoint)
    root = root_of(seen.get(HostFiles, HOST) or HostFiles())
    return (
        Fix(
            client="server",
            title="serve TLS: what is pulled in the clear can be changed on the way",
            disposition="manual",
        ),
        *(fix for client, fix in _clients(name, root).items() if client in finding.breaks),
        Fix(
            client="kaniko",
            title="allow plain http for this registry",
            disposition="unsafe",
            commands=(f"/kaniko/executor --insecure-registry {quoted(name)}",),
        ),
    )


def use_https(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The setting that says http has to go."""
    return (
        Fix(
            client="all clients",
            title=f"write https://{finding.subject} in mirror settings and hosts.toml, and take "
            "http = true and --plain-http away",
            disposition="safe",
            commands=(f"regdoctor check {quoted('https://' + finding.subject)}",),
        ),
    )


def _clients(name: str, root: Root) -> dict[str, Fix]:
    server = f"http://{name}"
    return {
        "docker": Fix(
            client="docker",
            title="allow plain http in daemon.json; a reload is enough",
            disposition="unsafe",
            commands=("systemctl reload docker",),
            files=(
                FileChange(
                    "/etc/docker/daemon.json",
                    added(f'{{"insecure-registries": ["{name}"]}}'),
                ),
            ),
        ),
        "buildkit": Fix(
            client="buildkit",
            title="say that the registry speaks http, and restart buildkitd or make the builder "
            "anew (insecure = true alone does not do it)",
            disposition="unsafe",
            files=(
                FileChange(
                    "/etc/buildkit/buildkitd.toml",
                    added(f'[registry."{name}"]\n  http = true'),
                ),
            ),
        ),
        "containerd": Fix(
            client="containerd",
            title=f"name the host with http:// (skip_verify is not enough){root.condition}",
            disposition="unsafe",
            files=(
                FileChange(
                    f"{root.directory}/{name}/hosts.toml",
                    added(f'server = "{server}"\n\n[host."{server}"]'),
                ),
                *root.change,
            ),
        ),
        "podman": Fix(
            client="podman",
            title="mark the registry insecure, or use --tls-verify=false once",
            disposition="unsafe",
            files=(
                FileChange(
                    "/etc/containers/registries.conf.d/plain-http.conf",
                    added(f'[[registry]]\nlocation = "{name}"\ninsecure = true'),
                ),
            ),
        ),
        "regdoctor": Fix(
            client="regdoctor",
            title="say that the registry speaks http in regdoctor's settings",
            disposition="unsafe",
            files=(
                FileChange(
                    "/etc/regdoctor/config.toml",
                    added(f'[registry."{name}"]\n  http = true'),
                ),
            ),
        ),
    }
