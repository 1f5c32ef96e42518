"""HEAD refused where GET of the same URL answers: Nexus before 3.15, or somebody else.

Judged by behaviour: a version is evidence beside it, never instead of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.store import Observations

BREAKS = ("buildkit", "containerd")
"""Who resolves by HEAD and takes 404 for an answer. dockerd's own pull, podman, kaniko and
this tool go on with GET."""

_SERVER = re.compile(r"^Nexus/(\d+)\.(\d+)\.", re.IGNORECASE)
_ASSET = re.compile(r"\?(\d+)\.(\d+)\.\d+-\d+")


@dataclass(frozen=True, slots=True)
class HeadRefused:
    """``version`` is Nexus's (major, minor) where something said it; ``nexus`` that signals
    of a Nexus other than its version were seen."""

    looked: Looked
    head: Answer
    got: Answer
    version: tuple[int, int] | None
    nexus: bool

    @property
    def old_nexus(self) -> bool:
        """The fault that 3.15 mended: no route for HEAD, so the servlet's own error page."""
        page = self.head.status == 404 and not self.head.header("Docker-Distribution-Api-Version")
        if not page or not self.head.header("Content-Type").lower().startswith("text/html"):
            return False
        if self.version is not None:
            return (3, 0) <= self.version < (3, 15)
        return self.nexus


def refusals(seen: Observations) -> Iterator[HeadRefused]:
    """Each manifest that GET serves and HEAD, asked the same way, does not.

    405 is no fault: clients turn to GET on it.
    """
    for looked in looks(seen):
        head, got = looked.look.head, looked.look.get
        if head is None or got is None or not got.ok:
            continue
        if head.status < 400 or head.status == 405:
            continue
        answers = [head, got]
        ping = seen.get(Ping, looked.endpoint)
        if ping is not None:
            answers.append(ping.answer)
        yield HeadRefused(looked, head, got, _version(answers), any(map(_nexus, answers)))


def _version(answers: list[Answer]) -> tuple[int, int] | None:
    for answer in answers:
        found = _SERVER.match(answer.header("Server"))
        if found:
            return int(found[1]), int(found[2])
    for answer in answers:
        found = _ASSET.search(answer.body) if "Nexus Repository" in answer.body else None
        if found:
            return int(found[1]), int(found[2])
    return None


def _nexus(answer: Answer) -> bool:
    """Nexus's own words, for a server whose name a proxy took away."""
    challenge = answer.header("WWW-Authenticate")
    return (
        answer.header("Server").startswith("Nexus/")
        or "Sonatype Nexus Repository" in challenge
        or "Nexus Repository" in answer.body
        or "access to the requested resource is not authorized" in answer.body
        or _servlet_page(answer)
    )


def _servlet_page(answer: Answer) -> bool:
    """The no-cache triple that Nexus's error page carries, and hardly anything else does."""
    return (
        answer.header("Cache-Control").replace(" ", "") == "post-check=0,pre-check=0"
        and answer.header("Pragma") == "no-cache"
        and answer.header("Expires") == "0"
    )
