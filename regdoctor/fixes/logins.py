"""Logins as this host's files keep them: the file, the key, the helper, the user."""

from __future__ import annotations

from typing import Any

from regdoctor.fixes.authority import added, quoted
from regdoctor.fixes.certificates import endpoint_of, written
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations

HUB_KEY = "https://index.docker.io/v1/"


def name_of(seen: Observations, finding: Finding) -> str:
    """How a login names the registry: empty for Docker Hub, which it means by itself."""
    endpoint = endpoint_of(seen, finding)
    role = seen.get(Role, endpoint)
    if role is not None and "docker.io" in role.domains and role.kind == "registry":
        return ""
    if endpoint:
        return written(seen, endpoint)
    host, slash, _ = finding.subject.partition("/")
    named = bool(slash) and ("." in host or ":" in host or host == "localhost")
    return host if named else ""


def login_command(client: str, seen: Observations, finding: Finding) -> str:
    """``docker login HOST``, or podman's."""
    name = name_of(seen, finding)
    if client == "podman":
        return f"podman login {quoted(name or 'docker.io')}"
    return f"docker login {quoted(name)}" if name else "docker login"


def _data(finding: Finding, key: str) -> Any:
    return next((each.data[key] for each in finding.evidence if key in each.data), "")


def helper(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Install the program, or take its name out of the file."""
    path, name = str(_data(finding, "path")), str(_data(finding, "helper"))
    setting = str(_data(finding, "setting"))
    key = setting.removeprefix("credHelpers ")
    line = f'"credsStore": "{name}",' if setting == "credsStore" else f'"{key}": "{name}",'
    program = f"docker-credential-{name}"
    client = "podman" if "podman" in finding.breaks else "docker"
    login = login_command(client, seen, finding)
    return (
        Fix(
            client=f"{client}, buildkit" if client == "docker" else client,
            title="take the helper out of the file, then log in again; the login is kept in the "
            "file from then on",
            disposition="manual",
            commands=(login,),
            files=(FileChange(path, f"-  {line}\n"),),
        ),
        Fix(
            client="host",
            title=f"or install {program}, or put its directory into the PATH of whatever runs the "
            "client (a service, cron and sudo have one of their own)",
            disposition="manual",
            commands=(f"command -v {quoted(program)}", "printf '%s\\n' \"$PATH\""),
        ),
    )


def keyring(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Keep logins elsewhere than in a desktop's keyring."""
    return (
        Fix(
            client="docker, buildkit",
            title="remove Debian's golang-docker-credential-helpers, or take secretservice out of "
            "credsStore, and log in again: the login is kept in config.json then",
            disposition="manual",
            commands=(
                "apt-get remove golang-docker-credential-helpers",
                login_command("docker", seen, finding),
            ),
        ),
        Fix(
            client="host",
            title="or keep logins in pass, which needs no desktop",
            disposition="manual",
            commands=("apt-get install pass gnupg", "gpg --gen-key", "pass init KEY"),
        ),
    )


def hub_key(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The entry under its right key."""
    path, key = str(_data(finding, "path")), str(_data(finding, "key"))
    return (
        Fix(
            client="docker, buildkit, kaniko, crane",
            title="rename the key; docker login writes the right one by itself",
            disposition="safe",
            commands=("docker login",),
            files=(FileChange(path, f'-    "{key}": {{\n+    "{HUB_KEY}": {{\n'),),
        ),
        Fix(
            client="podman",
            title="nothing: podman takes docker.io for Docker Hub as well",
            disposition="manual",
        ),
    )


def same_user(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Log in as the user that pulls, or name the file."""
    path = str(_data(finding, "path"))
    directory, _, _ = path.rpartition("/")
    podman = path.endswith("auth.json")
    named = f"REGISTRY_AUTH_FILE={path}" if podman else f"DOCKER_CONFIG={directory}"
    client = "podman" if podman else "docker"
    return (
        Fix(
            client=f"{client}, buildkit" if client == "docker" else client,
            title="log in as the user who pulls",
            disposition="safe",
            commands=(f"sudo {login_command(client, seen, finding)}",),
        ),
        Fix(
            client=client,
            title="or name the file to that process: in the unit, the crontab, or behind sudo",
            disposition="manual",
            commands=(f"sudo {quoted(named)} {client} pull {quoted(finding.subject)}",),
        ),
    )


def exact_key(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """One key a registry."""
    path, key = str(_data(finding, "path")), str(_data(finding, "key"))
    name = name_of(seen, finding)
    client = "podman" if "podman" in finding.breaks else "docker"
    return (
        Fix(
            client=f"{client}, buildkit" if client == "docker" else client,
            title="name every registry letter by letter in credHelpers",
            disposition="safe",
            files=(FileChange(path, f'-    "{key}": "HELPER"\n+    "{name}": "HELPER"\n'),),
        ),
        Fix(
            client="docker",
            title="the builder without BuildKit asks no credsStore for FROM: use BuildKit, or pull "
            "the base image first",
            disposition="manual",
            commands=(f"docker pull {quoted(finding.subject)}",),
        ),
    )


def mend_file(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Move the broken file away and log in anew."""
    path = str(_data(finding, "path"))
    client = "podman" if path.endswith("auth.json") else "docker"
    return (
        Fix(
            client=f"{client}, buildkit" if client == "docker" else client,
            title="look at the file, move it away, log in again; docker login on a broken file "
            "writes it anew without the other logins",
            disposition="manual",
            commands=(
                f"ls -ld {quoted(path)}",
                f"mv {quoted(path)} {quoted(path + '.broken')}",
                login_command(client, seen, finding),
            ),
        ),
        Fix(
            client="kaniko",
            title="mount a secret with the key config.json at /kaniko/.docker, not a directory; "
            "of a pull secret the key .dockerconfigjson as the path config.json",
            disposition="manual",
        ),
    )


def auth_file(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A file of auth.json's form that the user may read."""
    path = str(_data(finding, "path"))
    return (
        Fix(
            client="podman, buildah, skopeo",
            title="use a file of the user's own",
            disposition="safe",
            commands=(
                f"ls -ld {quoted(path)} {quoted(path.rpartition('/')[0])}",
                'export REGISTRY_AUTH_FILE="$HOME/.config/containers/auth.json"',
            ),
        ),
        Fix(
            client="host",
            title="or give the user a session, so that XDG_RUNTIME_DIR is set",
            disposition="manual",
            commands=('loginctl enable-linger "$USER"', "printenv XDG_RUNTIME_DIR"),
        ),
    )


def file_with_secret(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A config.json that holds what it needs."""
    name = name_of(seen, finding)
    image = f"docker://{name or 'docker.io'}/IMAGE"
    login = (
        f"docker --config /tmp/login login {quoted(name)}"
        if name
        else ("docker --config /tmp/login login")
    )
    return (
        Fix(
            client="podman, skopeo",
            title="name the file that has the login",
            disposition="safe",
            commands=(f"skopeo inspect --authfile /tmp/login/config.json {quoted(image)}",),
        ),
        Fix(
            client="docker",
            title="write one without a helper, on the machine that has the login, and mount that",
            disposition="manual",
            commands=("mkdir -m 700 /tmp/login", login),
        ),
        Fix(
            client="kaniko",
            title="mount that file as /kaniko/.docker/config.json",
            disposition="manual",
        ),
    )


def mirror_login(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A login under the mirror's own name."""
    path, domain = str(_data(finding, "path")), str(_data(finding, "domain"))
    plugin = '[plugins."io.containerd.grpc.v1.cri".registry'
    return (
        Fix(
            client="containerd",
            title="keep the login under the host that is asked (version 1.4 sends the registry's "
            "to its mirrors: upgrade)",
            disposition="manual",
            files=(
                FileChange(
                    path,
                    added(
                        f'{plugin}.configs."{finding.subject}".auth]\n'
                        '  username = "USER"\n  password = "PASSWORD"'
                    ),
                ),
            ),
            commands=("systemctl restart containerd",),
        ),
        Fix(
            client="containerd",
            title="or, with config_path, as a header to that mirror alone",
            disposition="manual",
            files=(
                FileChange(
                    f"/etc/containerd/certs.d/{domain}/hosts.toml",
                    added(
                        f'[host."https://{finding.subject}".header]\n'
                        '  Authorization = "Basic <base64 of user:password>"'
                    ),
                ),
            ),
        ),
    )
