"""The clients that are judged, one row each, and what they would do on a host."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from builder.oci.reference import Reference
from regdoctor.clients import buildx, docker_desktop, domains
from regdoctor.clients.onhost import plan_on
from regdoctor.clients.plan import ClientPlan, Endpoint
from regdoctor.clients.policy import MirrorUse, Policy, policy_of, realm_policy
from regdoctor.observations.host import HostFiles

OWN = "regdoctor"
"""This tool as a client: its own trust is an observation, not a file of another client."""
HUB = ("docker.io", "registry-1.docker.io", "index.docker.io")


@dataclass(frozen=True, slots=True)
class Client:
    """``name`` as it stands in ``breaks``; ``program`` is whose rules it is judged by.

    ``domains``: registries that its files have mirrors for; ``file``: where those stand.
    """

    name: str
    program: str
    domains: Callable[[HostFiles], Iterator[str]]
    file: str


CLIENTS: tuple[Client, ...] = (
    Client("docker", "docker-pull", domains.of_docker, domains.DAEMON_JSON),
    Client("buildkit", "buildkitd", domains.of_buildkit, domains.BUILDKITD),
    Client("containerd", "cri", domains.of_containerd, domains.CONTAINERD_CERTS),
    Client("podman", "podman", domains.of_podman, "/etc/containers/registries.conf"),
    Client("kaniko", "kaniko", domains.of_nobody, "the command line"),
    Client("crane", "crane", domains.of_nobody, "the command line"),
)

_DOMAINS: Mapping[str, Callable[[HostFiles], Iterator[str]]] = {
    "docker-desktop": docker_desktop.domains,
    "docker-desktop-build": docker_desktop.domains,
    "buildx": buildx.domains,
    "kind": domains.of_nobody,
}
_FILES: Mapping[str, str] = {
    "docker-desktop": f"~/{docker_desktop.DAEMON_JSON}",
    "docker-desktop-build": f"~/{docker_desktop.DAEMON_JSON}",
    "buildx": "the builder's buildkitd.toml",
}
"""Programs whose files are not those of the client that they are kin of."""

EVERY: tuple[str, ...] = (*(client.name for client in CLIENTS[:4]), OWN)
"""Those that are judged unless others are asked for by name."""

PROGRAMS: Mapping[str, tuple[str, str]] = {
    **{client.name: (client.name, client.program) for client in CLIENTS},
    "docker-build": ("buildkit", "docker-build"),
    "docker-desktop": ("docker", "docker-desktop"),
    "docker-desktop-build": ("buildkit", "docker-desktop-build"),
    "buildx": ("buildkit", "buildx"),
    "ctr": ("containerd", "ctr"),
    "kind": ("containerd", "kind"),
    "nerdctl": ("containerd", "nerdctl"),
    "k3s": ("containerd", "k3s"),
    "rke2": ("containerd", "rke2"),
    "buildah": ("podman", "buildah"),
    "skopeo": ("podman", "skopeo"),
    "cri-o": ("podman", "cri-o"),
}
"""What a user may ask for by name: the client whose kin it is, and whose rules decide."""


def policies(
    files: HostFiles, written: str, domain: str = "", *, realm: bool = False
) -> tuple[Policy, ...]:
    """What every client would do with ``host[:port]`` as ``written`` in a reference.

    ``domain``: it is contacted as a mirror of that registry. ``realm``: not the registry itself is
    meant, but the server that it sends its clients to for tokens.
    """
    return tuple(policy(files, client, written, domain, realm=realm) for client in CLIENTS)


def policy(
    files: HostFiles, client: Client, written: str, domain: str = "", *, realm: bool = False
) -> Policy:
    """The same for one client."""
    for plan in _plans(files, program_of(files, client), written, domain):
        if plan.refuses:
            return Policy(client.name, broken=plan.refuses)
        for endpoint in plan.endpoints:
            if not _same_host(endpoint.host, written):
                continue
            if realm:
                return realm_policy(client.name, endpoint)
            return policy_of(client.name, endpoint)
    return Policy(client.name)


def program_of(files: HostFiles, client: Client) -> str:
    """Whose rules the client is judged by in this run."""
    return files.judged_by.get(client.name, client.program)


def configured_mirrors(files: HostFiles) -> tuple[MirrorUse, ...]:
    """Every mirror that some client's configuration names, in its order."""
    return tuple(use for client in CLIENTS for use in _mirrors(files, client))


def _plans(files: HostFiles, program: str, written: str, domain: str) -> Iterator[ClientPlan]:
    """The plan for a reference of ``domain``, then that for one of ``written`` itself."""
    if domain and not _same_host(domain, written):
        yield plan_on(files, program, reference_at(files, domain))
    yield plan_on(files, program, reference_at(files, written))


def in_containers(files: HostFiles, names: Collection[str]) -> bool:
    """Whether one of the clients ``names`` has an image's roots for its system's."""
    programs = {program_of(files, each) for each in CLIENTS if each.name in names}
    return bool(programs & {"kaniko", "buildx", "kind"})


def images_of(references: Iterable[Reference]) -> dict[str, str]:
    """An image for each registry, for ``HostFiles.asked``: the first, by tag where there is one.

    Mirrors may serve digests alone; what fails by tag is of interest.
    """
    found: dict[str, Reference] = {}
    for reference in references:
        known = found.setdefault(reference.domain, reference)
        if known.digest and not reference.digest:
            found[reference.domain] = reference
    return {domain: str(reference) for domain, reference in found.items()}


def reference_at(files: HostFiles, domain: str) -> str:
    """The image there that was asked for; where none was, any: what most files say holds for all
    of a registry."""
    if domain in HUB:
        return files.asked.get(HUB[0], "docker.io/library/image:1")
    return files.asked.get(domain, f"{domain}/team/image:1")


def _same_host(one: str, other: str) -> bool:
    return one == other or (one in HUB and other in HUB)


def _mirrors(files: HostFiles, client: Client) -> Iterator[MirrorUse]:
    program = program_of(files, client)
    for domain in dict.fromkeys(_DOMAINS.get(program, client.domains)(files)):
        plan = plan_on(files, program, reference_at(files, domain))
        for endpoint in plan.endpoints:
            if endpoint.role == "mirror":
                yield MirrorUse(
                    client.name,
                    domain,
                    _url(endpoint),
                    _FILES.get(program) or _file(client, domain),
                    _anything(endpoint),
                )


def _file(client: Client, domain: str) -> str:
    named = client.name == "containerd"
    return f"{client.file}/{domain}/hosts.toml" if named else client.file


def _url(endpoint: Endpoint) -> str:
    """The mirror's URL with the path that stands before or after ``/v2``."""
    scheme = endpoint.attempts[0].scheme
    return f"{scheme}://{endpoint.host}{endpoint.path}"


def _anything(endpoint: Endpoint) -> bool:
    return not endpoint.transport.verify or len(endpoint.attempts) > 1
