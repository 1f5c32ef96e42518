"""The environment that systemd gives to a daemon, as its unit's drop-ins say."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator

from regdoctor.observations.host import HostFiles

DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
"""Where drop-ins lie, the strongest first: a name there hides the same name further down."""


def daemon_environment(files: HostFiles, unit: str) -> dict[str, str]:
    """Variables of ``unit`` (``docker.service``), by ``Environment=`` and ``EnvironmentFile=``."""
    found: dict[str, str] = {}
    for path in _drop_ins(files, unit):
        for line in (files.text(path) or "").splitlines():
            key, _, value = line.strip().partition("=")
            if key == "Environment":
                found = {} if not value.strip() else {**found, **_assignments(value)}
            elif key == "EnvironmentFile":
                found |= _file(files.text(value.strip().lstrip("-")) or "")
    return found


def _drop_ins(files: HostFiles, unit: str) -> Iterator[str]:
    chosen: dict[str, str] = {}
    for directory in DIRECTORIES:
        below = f"{directory}/{unit}.d"
        for name in files.directories.get(below, ()):
            if name.endswith(".conf"):
                chosen.setdefault(name, posixpath.join(below, name))
    return (chosen[name] for name in sorted(chosen))


def _assignments(value: str) -> dict[str, str]:
    try:
        words = shlex.split(value)
    except ValueError:
        return {}
    pairs = (word.partition("=") for word in words)
    return {name: text for name, equals, text in pairs if equals}


def _file(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith(("#", ";")):
            found[name.strip()] = value.strip().strip("\"'")
    return found
