"""The clients that are judged, one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regdoctor.clients import buildkit, containerd, docker, podman
from regdoctor.clients.policy import MirrorUse, Policy
from regdoctor.observations.host import HostFiles

OWN = "regdoctor"
"""This tool as a client: its own trust is an observation, not a file of another client."""


@dataclass(frozen=True, slots=True)
class Client:
    """``name`` as it stands in ``breaks``, and how its files are read."""

    name: str
    policy: Callable[[HostFiles, str], Policy]
    mirrors: Callable[[HostFiles], tuple[MirrorUse, ...]]


CLIENTS: tuple[Client, ...] = (
    Client(docker.CLIENT, docker.policy, docker.mirrors),
    Client(buildkit.CLIENT, buildkit.policy, buildkit.mirrors),
    Client(containerd.CLIENT, containerd.policy, containerd.mirrors),
    Client(podman.CLIENT, podman.policy, podman.mirrors),
)

EVERY: tuple[str, ...] = (*(client.name for client in CLIENTS), OWN)


def policies(files: HostFiles, written: str) -> tuple[Policy, ...]:
    """What every client would do with ``host[:port]`` as ``written`` in a reference."""
    return tuple(client.policy(files, written) for client in CLIENTS)


def configured_mirrors(files: HostFiles) -> tuple[MirrorUse, ...]:
    """Every mirror that some client's configuration names, in its order."""
    return tuple(use for client in CLIENTS for use in client.mirrors(files))
