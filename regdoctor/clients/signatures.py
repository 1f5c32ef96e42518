"""Which images podman takes by their signatures: ``policy.json`` of containers/image."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regdoctor.clients.shapes import table
from regdoctor.observations.host import HostFiles

SYSTEM = "/etc/containers/policy.json"


@dataclass(frozen=True, slots=True)
class Rule:
    """The requirements that hold; ``scope`` says for what they are written."""

    scope: str
    requirements: tuple[Mapping[str, Any], ...]

    @property
    def rejects(self) -> bool:
        """All requirements must hold, and ``reject`` never does."""
        return any(each.get("type") == "reject" for each in self.requirements)


@dataclass(frozen=True, slots=True)
class Policy:
    """The file that is read, and what it says of images from registries."""

    path: str
    default: Rule | None
    scopes: Mapping[str, Rule]

    def rule(self, image: str) -> Rule | None:
        """The narrowest rule for ``host[:port]/path:tag``, or for a bare host.

        In this order: the image itself, its repository, each path above it, the host, the
        host's domains as ``*.domain``, the transport's own default, the file's.
        """
        for scope in _scopes(image):
            if scope in self.scopes:
                return self.scopes[scope]
        return self.scopes.get("", self.default)

    def narrower(self, host: str) -> bool:
        """Whether a rule is written for a part of that host."""
        return any(scope.startswith(f"{host}/") for scope in self.scopes)


def policy(files: HostFiles) -> Policy | None:
    """The user's file where there is one, else the system's; None where none can be read."""
    own = f"{files.home}/.config/containers/policy.json"
    path = own if files.home and own in files.files else SYSTEM
    try:
        settings = json.loads(files.text(path) or "")
    except ValueError:
        return None
    transports = table(table(settings).get("transports"))
    scopes = {
        scope: Rule(f"docker: {scope}" if scope else "the transport docker", _requirements(written))
        for scope, written in table(transports.get("docker")).items()
    }
    default = table(settings).get("default")
    rule = Rule("the default", _requirements(default)) if isinstance(default, list) else None
    return Policy(path, rule, scopes)


def _requirements(value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, Mapping))


def _scopes(image: str) -> Iterator[str]:
    yield image
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    if slash:
        name = f"{head}/{last.partition(':')[0]}"
    while True:
        yield name
        head, slash, _ = name.rpartition("/")
        if not slash:
            break
        name = head
    host = name
    while "." in host:
        host = host.partition(".")[2]
        yield f"*.{host}"
