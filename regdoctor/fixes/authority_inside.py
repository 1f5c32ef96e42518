"""Installing the authority of a registry for clients that see no file of this host."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from regdoctor.clients import buildx
from regdoctor.model.finding import FileChange, Fix
from regdoctor.observations.host import HostFiles


def docker_desktop(written: str, source: str, files: HostFiles) -> Fix:
    """Below the user's directory, whence Docker Desktop takes it to its virtual machine."""
    target = shlex.quote(f"{files.home or '~'}/.docker/certs.d/{written}/ca.crt")
    return Fix(
        "docker",
        "put it where Docker Desktop takes certificates from, and restart Docker Desktop",
        "manual",
        (f"install -D -m 0644 {shlex.quote(source)} {target}",),
    )


def builder(written: str, source: str, files: HostFiles) -> Fix:
    """Into the configuration that new builders are given, and a new builder."""
    made = buildx.chosen(files).builder
    path = f"/etc/buildkit/certs/{written}/ca.crt"
    section = f'[registry."{written}"]\n  ca = ["{path}"]\n'
    return Fix(
        "buildkit",
        "name it in the configuration of new builders, and make the builder anew: buildx copies "
        "the file into the builder when it is made",
        "manual",
        (
            f"install -D -m 0644 {shlex.quote(source)} {shlex.quote(path)}",
            *((f"docker buildx rm {shlex.quote(made.name)}",) if made.path else ()),
            f"docker buildx create --use --name {shlex.quote(made.name)} --driver {made.driver}",
        ),
        (FileChange(buildx.default_path(files), "".join(f"+{x}\n" for x in section.splitlines())),),
    )


def node(written: str, source: str, _files: HostFiles) -> Fix:
    """Into every node, where containerd reads it at the next pull."""
    directory = shlex.quote(f"/etc/containerd/certs.d/{written}")
    made = f'docker exec "$node" mkdir -p {directory}'
    copied = f'docker cp {shlex.quote(source)} "$node":{directory}/ca.crt'
    return Fix(
        "containerd",
        "copy it into every node; kind before v0.27.0 wants config_path set by "
        "containerdConfigPatches as well",
        "manual",
        (f"for node in $(kind get nodes); do {made} && {copied}; done",),
    )


INSIDE: Mapping[str, Callable[[str, str, HostFiles], Fix]] = {
    "docker-desktop": docker_desktop,
    "docker-desktop-build": docker_desktop,
    "buildx": builder,
    "kind": node,
}
"""By the program whose rules the client was judged by."""
