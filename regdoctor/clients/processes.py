"""A process as its host's files and its environment make it."""

from __future__ import annotations

from collections.abc import Mapping

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Go, Process
from regdoctor.clients.proxies import from_environment
from regdoctor.clients.roots import system_roots


def process(files: Filesystem, environment: Mapping[str, str], go: Go) -> Process:
    """The pool and the proxies are read once, when a Go program starts."""
    return Process(system_roots(files, environment), from_environment(environment, go), go)
