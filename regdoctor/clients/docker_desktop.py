"""Docker Desktop: dockerd in a virtual machine, with files that are copied from the user's.

From Docker's documentation for Mac and Windows, not executed: ``~/.docker/daemon.json`` and
``~/.docker/certs.d`` are handed to the machine when it starts, and so are the authorities that the
computer trusts. What the engine makes of them is what it makes of its own files on Linux.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from regdoctor.clients import dockerd
from regdoctor.clients.docker_daemon import SYSTEM
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import ClientPlan, Note, Situation
from regdoctor.clients.program import Program
from regdoctor.clients.shapes import json_table
from regdoctor.observations.host import HostFiles

SETTINGS = (
    "Library/Group Containers/group.com.docker/settings-store.json",
    "Library/Group Containers/group.com.docker/settings.json",
    "AppData/Roaming/Docker/settings-store.json",
    "AppData/Roaming/Docker/settings.json",
    ".docker/desktop/settings-store.json",
    ".docker/desktop/settings.json",
)
"""Below the user's directory, on macOS, Windows and Linux; the newer name first."""
DAEMON_JSON = ".docker/daemon.json"


def present(files: HostFiles) -> bool:
    """Whether it is installed, or was started by this user."""
    if "docker-desktop" in files.versions:
        return True
    return any(f"{files.home}/{path}" in files.files for path in SETTINGS)


def domains(files: HostFiles) -> Iterator[str]:
    """The registries that it has mirrors for."""
    if json_table(files, f"{files.home}/{DAEMON_JSON}").get("registry-mirrors"):
        yield "docker.io"


def evaluator(rules: Callable[[Situation], ClientPlan]) -> Callable[[Situation], ClientPlan]:
    """``evaluate`` of its pull or build; ``rules`` are those of the engine on Linux."""

    def evaluate(situation: Situation) -> ClientPlan:
        settings = _settings(situation.files)
        engine = replace(
            situation, environment=_proxies(settings), store=_store(settings, situation)
        )
        plan = rules(engine)
        notes = (*plan.notes, *_unread(situation, plan.reference.domain))
        return replace(plan, executed=False, notes=notes)

    return evaluate


def _settings(files: HostFiles) -> Mapping[str, Any]:
    """By names in lower case: they began with a small letter once, and with a capital now."""
    for path in SETTINGS:
        found = json_table(files, f"{files.home}/{path}")
        if found:
            return {name.lower(): value for name, value in found.items()}
    return {}


def _proxies(settings: Mapping[str, Any]) -> dict[str, str]:
    """Those that were entered by hand; of the computer's own nothing is known here."""
    if settings.get("proxyhttpmode") != "manual":
        return {}
    named = {
        "HTTP_PROXY": settings.get("overrideproxyhttp"),
        "HTTPS_PROXY": settings.get("overrideproxyhttps"),
        "NO_PROXY": settings.get("overrideproxyexclude"),
    }
    return {name: value for name, value in named.items() if isinstance(value, str) and value}


def _store(settings: Mapping[str, Any], situation: Situation) -> str:
    """The image store: as the settings say, else as daemon.json or the release does."""
    chosen = settings.get("usecontainerdsnapshotter")
    if isinstance(chosen, bool):
        return "containerd" if chosen else "graphdriver"
    features = json_table(situation.files, f"{situation.files.home}/{DAEMON_JSON}").get("features")
    wanted = features.get("containerd-snapshotter") if isinstance(features, dict) else None
    if isinstance(wanted, bool):
        return "containerd" if wanted else "graphdriver"
    return "containerd" if situation.version.since(29) else "graphdriver"


def _unread(situation: Situation, host: str) -> Iterator[Note]:
    """What lies where dockerd on Linux would look for it."""
    files = Filesystem(situation.files)
    directory = f"{SYSTEM}/certs.d/{host}"
    if files.is_directory(directory):
        yield Note(
            "certificates-not-read",
            directory,
            host,
            f"{directory} is not read by Docker Desktop: it wants ~/.docker/certs.d/{host}, "
            "and a restart",
        )
    path = f"{SYSTEM}/daemon.json"
    if files.is_file(path):
        yield Note(
            "setting-ignored",
            path,
            path,
            f"{path} is not read by Docker Desktop: it wants ~/{DAEMON_JSON}, which is "
            "Settings > Docker Engine",
        )


PROGRAMS = (
    Program("docker-desktop", evaluator(dockerd.evaluate_pull), dockerd.walk_pull, executed=False),
    Program(
        "docker-desktop-build",
        evaluator(dockerd.evaluate_build),
        dockerd.walk_build,
        executed=False,
    ),
)
