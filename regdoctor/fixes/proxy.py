"""Proxies, forward and reverse: each client has its setting somewhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

from regdoctor.fixes.authority import added, quoted
from regdoctor.fixes.certificates import endpoint_of
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.proxies import ProxyRoutes, ShellProxies
from regdoctor.observations.store import HOST, Observations


def name_the_upstream(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """nginx sends no SNI to an upstream by itself."""
    return (
        Fix(
            client="server",
            title="let nginx name the registry in its handshake",
            disposition="manual",
            commands=("nginx -t", "nginx -s reload"),
            files=(
                FileChange(
                    "nginx.conf",
                    added("proxy_ssl_server_name on;\nproxy_ssl_name registry.corp.example;"),
                ),
            ),
        ),
    )


def verify_deeper(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """nginx counts the certificates between leaf and root."""
    return (
        Fix(
            client="server",
            title="let the caching proxy follow a longer chain",
            disposition="manual",
            commands=("nginx -t", "nginx -s reload"),
            files=(FileChange("nginx.conf", added("proxy_ssl_verify_depth 4;")),),
        ),
    )


def _drop_in(client: str, proxy: str, no_proxy: str) -> FileChange:
    text = (
        f'[Service]\nEnvironment="HTTPS_PROXY={proxy}" "HTTP_PROXY={proxy}" "NO_PROXY={no_proxy}"'
    )
    return FileChange(f"/etc/systemd/system/{client}.service.d/http-proxy.conf", added(text))


def _restart(client: str) -> tuple[str, ...]:
    return ("systemctl daemon-reload", f"systemctl restart {client}")


def _names(seen: Observations) -> str:
    """A NO_PROXY to begin with: that of the environment, else loopback."""
    own = seen.get(ShellProxies, HOST)
    return (own.setting.no_proxy if own else "") or "localhost,127.0.0.1"


def _working(seen: Observations, finding: Finding) -> str:
    """The proxy that the environment leads through; a placeholder where it is not known."""
    known = seen.get(ProxyRoutes, endpoint_of(seen, finding))
    own = known.of("regdoctor") if known else ()
    return next((each.proxy for each in own if each.proxy), "http://PROXY:PORT")


def daemon_proxy(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A drop-in of the unit; what is in the shell or in config.json does not reach a daemon."""
    proxy, names = _working(seen, finding), _names(seen)
    return (
        *(
            Fix(
                client=client,
                title="give the daemon the proxy (with a login in the URL: mode 0600, and %% for "
                "each %); proxies of ~/.docker/config.json are for containers alone",
                disposition="safe",
                commands=_restart(client),
                files=(_drop_in(client, proxy, names),),
            )
            for client in ("docker", "containerd", "buildkit")
            if client in finding.breaks
        ),
        Fix(
            client="Docker Desktop",
            title="Settings, Resources, Proxies: the system's proxy alone is not enough",
            disposition="manual",
        ),
    )


def builder_proxy(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A builder is made anew; its options cannot be changed."""
    proxy, names = _working(seen, finding), _names(seen)
    option = quoted(f'"env.no_proxy={names}"')
    return (
        Fix(
            client="buildkit",
            title="make the builder anew with the proxy (a list with commas in quotes of its own); "
            "for a proxy on 127.0.0.1 add --driver-opt network=host",
            disposition="safe",
            commands=(
                (
                    f"docker buildx create --use --driver-opt env.http_proxy={quoted(proxy)} "
                    f"--driver-opt env.https_proxy={quoted(proxy)} --driver-opt {option}"
                ),
            ),
        ),
        Fix(
            client="buildkit",
            title="the token is fetched by the program that starts the build: keep the proxy in "
            "its environment too",
            disposition="safe",
            commands=(f"export HTTPS_PROXY={quoted(proxy)}",),
        ),
    )


def http_scheme(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The proxy as it is, its URL with the other scheme."""
    return _rewritten(seen, finding, "https://", "http://")


def https_scheme(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The same the other way round."""
    return _rewritten(seen, finding, "http://", "https://")


def _rewritten(seen: Observations, finding: Finding, old: str, new: str) -> tuple[Fix, ...]:
    shown = [each.data.get("proxy") for each in finding.evidence]
    wrong = str(next((each for each in shown if each), f"{old}PROXY:PORT"))
    proxy = new + wrong.removeprefix(old)
    fixes = [
        Fix(
            client=client,
            title=f"write the proxy with {new} (in daemon.json under proxies, where it is set "
            "there)",
            disposition="safe",
            commands=_restart(client),
            files=(_drop_in(client, proxy, _names(seen)),),
        )
        for client in ("docker", "containerd")
        if client in finding.breaks
    ]
    if "buildkit" in finding.breaks:
        option = f"--driver-opt env.https_proxy={quoted(proxy)}"
        command = f"docker buildx create --use {option}"
        fixes.append(Fix("buildkit", "make the builder anew", "safe", (command,)))
    if "podman" in finding.breaks or "regdoctor" in finding.breaks:
        fixes.append(
            Fix(
                client="regdoctor",
                title=f"write the proxy with {new} in the environment, which podman, buildah and "
                "skopeo read too",
                disposition="safe",
                commands=(f"export HTTPS_PROXY={quoted(proxy)}",),
            )
        )
    return tuple(fixes)


def matching_no_proxy(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The registry's own name is an entry that every program matches."""
    host = urlsplit(endpoint_of(seen, finding)).hostname or finding.subject
    fixes = [
        Fix(
            client=client,
            title="name the registry itself, as it stands in references, without port",
            disposition="safe",
            commands=_restart(client),
            files=(_drop_in(client, "http://PROXY:PORT", f"localhost,127.0.0.1,{host}"),),
        )
        for client in ("docker", "containerd")
        if client in finding.breaks
    ]
    if "buildkit" in finding.breaks:
        option = quoted(f'"env.no_proxy=localhost,127.0.0.1,{host}"')
        command = f"docker buildx create --use --driver-opt {option}"
        fixes.append(Fix("buildkit", "make the builder anew", "safe", (command,)))
    if "podman" in finding.breaks or "regdoctor" in finding.breaks:
        command = f'export NO_PROXY="$NO_PROXY,{host}"'
        fixes.append(Fix("regdoctor", "name the registry itself", "safe", (command,)))
    return tuple(fixes)
