"""Fixes at the registry's own level: mirrors, credentials, manifests, names."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
from regdoctor.fixes.certificates import endpoint_of, written
from regdoctor.fixes.containerd import root_of
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.host import HostFiles
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import HOST, Observations


def open_mirror(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Anonymous pulls at the mirror help every client; credentials only some."""
    endpoint = endpoint_of(seen, finding)
    role = seen.get(Role, endpoint)
    name = written(seen, endpoint)
    domain = role.domains[0] if role and role.domains else "docker.io"
    fixes = [
        Fix(
            client="server",
            title="allow anonymous pulls at the mirror (Nexus: anonymous access, and the Docker "
            "Bearer Token Realm active)",
            disposition="manual",
        )
    ]
    if "regdoctor" in finding.breaks or "buildkit" in finding.breaks:
        fixes.append(
            Fix(
                client="regdoctor",
                title="log in to the mirror under its own name; BuildKit and podman use that "
                "login too, dockerd does not",
                disposition="safe",
                commands=(f"docker login {quoted(name)}",),
            )
        )
    if "docker" in finding.breaks:
        fixes.append(
            Fix(
                client="docker",
                title="dockerd sends a mirror only the login of Docker Hub: take the mirror out "
                "of registry-mirrors, or open it",
                disposition="manual",
                files=(
                    FileChange(
                        "/etc/docker/daemon.json", f'-  "registry-mirrors": ["{endpoint}"]\n'
                    ),
                ),
            )
        )
    if "containerd" in finding.breaks:
        root = root_of(seen.get(HostFiles, HOST) or HostFiles())
        fixes.append(
            Fix(
                client="containerd",
                title=f"send the login as a header to that mirror alone{root.condition}",
                disposition="manual",
                files=(
                    FileChange(
                        f"{root.directory}/{domain}/hosts.toml",
                        added(
                            f'[host."{endpoint}".header]\n'
                            '  Authorization = "Basic <base64 of user:password>"'
                        ),
                    ),
                    *root.change,
                ),
            )
        )
    return tuple(fixes)


def upgrade_nexus(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Upgrade, or put something before it that asks with GET."""
    named = "/" in finding.subject  # else no image was asked for that is there
    image = quoted(finding.subject if named else f"{finding.subject}/NAME:TAG")
    return (
        Fix(
            client="server",
            title="upgrade Nexus to 3.15 or later",
            disposition="manual",
        ),
        Fix(client="server", title=_PROXY_TITLE, disposition="manual", files=(_NGINX,)),
        Fix(
            client="docker",
            title="with the docker driver: pull first, so that the build finds the image here",
            disposition="safe",
            commands=(f"docker pull {image}",),
        ),
        _BUILD_HERE,
    )


def answer_head(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Whatever refuses HEAD must let it through, or turn it into GET."""
    return (
        Fix(
            client="server",
            title="let HEAD pass on /v2/ in whatever stands before the registry "
            "(limit_except, allowed methods, a WAF)",
            disposition="manual",
        ),
        Fix(client="server", title=_PROXY_TITLE, disposition="manual", files=(_NGINX,)),
        _BUILD_HERE,
    )


_PROXY_TITLE = "or let a reverse proxy ask with GET where a client asks with HEAD"
# Only HEAD is turned: a manifest that is put or deleted must stay so. Host: Nexus names its token
# server by it.
_NGINX = FileChange(
    "nginx.conf",
    added(
        "http {\n"
        "  map $request_method $asked { HEAD GET; default $request_method; }\n"
        "  server {\n"
        "    proxy_set_header Host $http_host;\n"
        "    location ~ ^/v2/.*/manifests/ {\n"
        "      proxy_method $asked;\n"
        "      proxy_pass http://registry;\n"
        "    }\n"
        "  }\n"
        "}"
    ),
)
_BUILD_HERE = Fix(
    client="regdoctor",
    title="nothing to do: regdoctor build asks with GET where HEAD fails",
    disposition="safe",
    commands=("regdoctor build .",),
)


def log_in(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A login that the registry takes."""
    endpoint = endpoint_of(seen, finding)
    name = written(seen, endpoint) if endpoint else finding.subject.partition("/")[0]
    return (
        Fix(
            client="all clients",
            title="log in again: the password or token is wrong, expired, or another registry's",
            disposition="safe",
            commands=(f"docker logout {quoted(name)}", f"docker login {quoted(name)}"),
        ),
    )


def readable_credentials(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The file or helper that the finding names."""
    host = finding.subject.partition("/")[0]
    return (
        Fix(
            client="regdoctor",
            title="mend the file, or install the helper that it names; for one run a login can "
            "be given on the command line",
            disposition="manual",
            commands=(
                "ls -l ~/.docker/config.json",
                f"regdoctor check -u USER --password-stdin {quoted(host)}",
            ),
        ),
    )


def see_image(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Spelling, rights, login: in the order in which they are usually to blame."""
    host, slash, _ = finding.subject.partition("/")
    registry = host if slash and ("." in host or ":" in host or host == "localhost") else ""
    login = f"docker login {quoted(registry)}" if registry else "docker login"
    return (
        Fix(
            client="all clients",
            title="check the spelling, and that the name carries its registry: without one it "
            "means Docker Hub; a FROM that names a stage must match its AS",
            disposition="manual",
        ),
        Fix(
            client="all clients",
            title="if the image is private, log in with an account that may pull it",
            disposition="safe",
            commands=(login,),
        ),
    )


def existing_tag(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What there is instead."""
    repository = finding.subject.partition("@")[0]
    head, _, last = repository.rpartition("/")
    repository = f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
    return (
        Fix(
            client="all clients",
            title="use a tag that exists; a digest may have been deleted with its tag",
            disposition="manual",
            commands=(f"skopeo list-tags docker://{quoted(repository)}",),
        ),
    )


def realm_address(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The registry has to name a token server that its clients can reach."""
    public = (
        Fix(
            client="server",
            title="make the registry name its public address: Harbor hostname and external_url "
            "with the port, Gitea ROOT_URL, Distribution auth.token.realm, Nexus behind a proxy "
            "the X-Forwarded-Host and X-Forwarded-Proto headers",
            disposition="manual",
        ),
    )
    endpoint = endpoint_of(seen, finding)
    asked = seen.has(Resolution, endpoint) or seen.has(Connection, endpoint)
    if not asked:
        return public  # it is no address, or none that anybody should go to
    reach_it = Fix(
        client="host",
        title=f"or make {finding.subject} reachable from the clients: name, route, port",
        disposition="manual",
    )
    return (*public, reach_it)


def resolver(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The host's resolver; daemon.json's dns is for containers and does nothing here."""
    host = finding.subject.rpartition(":")[0] or finding.subject
    return (
        Fix(
            client="host",
            title="mend the resolver of the host that runs the client (split DNS of a VPN, "
            "/etc/resolv.conf), or the spelling of the name; the dns setting of daemon.json is "
            "for containers and does not matter here",
            disposition="manual",
            commands=(f"getent ahosts {quoted(host)}", "cat /etc/resolv.conf", "resolvectl status"),
        ),
        Fix(
            client="docker",
            title="after the host's resolver changed, restart the daemon",
            disposition="safe",
            commands=("systemctl restart docker",),
        ),
    )


def proxy_login(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Each program has its proxy from somewhere else; the login belongs into that URL."""
    host, _, port = finding.subject.rpartition(":")
    name = host if host and port.isdecimal() else finding.subject
    url = "http://USER:PASSWORD@PROXY:PORT"
    unit = f'[Service]\nEnvironment="HTTPS_PROXY={url}"\n'
    return (
        Fix(
            client="regdoctor",
            title="put the login into the proxy's URL, percent-encoded (@ is %40); podman, buildah "
            "and skopeo read it from the shell too",
            disposition="manual",
            commands=(f"export HTTPS_PROXY={url}",),
        ),
        Fix(
            client="regdoctor",
            title="or, if the registry can be had without the proxy, leave it out",
            disposition="manual",
            commands=(f"export NO_PROXY={quoted(name.strip('[]'))}",),
        ),
        Fix(
            client="docker",
            title="dockerd and containerd have it from their units: %% for each %; a proxy that "
            "takes NTLM or Kerberos only needs a helper on this host (cntlm, px)",
            disposition="manual",
            commands=("systemctl daemon-reload", "systemctl restart docker"),
            files=(
                FileChange("/etc/systemd/system/docker.service.d/http-proxy.conf", added(unit)),
            ),
        ),
        Fix(
            client="buildkit",
            title="a builder in a container has its own environment",
            disposition="manual",
            commands=(f"docker buildx create --use --driver-opt env.https_proxy={url}",),
        ),
    )


def reach(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A port that takes no connection."""
    host, _, port = finding.subject.rpartition(":")
    if not host or not port.isdecimal():
        host, port = finding.subject, "443"
    return (
        Fix(
            client="host",
            title="look whether the registry runs and listens on that port, and whether a "
            "firewall or a missing proxy setting stands between",
            disposition="manual",
            commands=(
                f"nc -vz {quoted(host.strip('[]'))} {quoted(port)}",
                "env | grep -i _proxy",
                f"ss -ltn 'sport = :{port}'" if port.isdecimal() else "ss -ltn",
            ),
        ),
    )
