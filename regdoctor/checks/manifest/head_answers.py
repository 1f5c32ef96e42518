"""HEAD refused where GET of the same URL answers: Nexus before 3.15, or somebody else.

Judged by behaviour: a version is evidence beside it, never instead of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.manifest.images import Looked, looks
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.products import is_nexus, nexus_version
from regdoctor.observations.store import Observations

BREAKS = ("buildkit", "containerd")
"""Who resolves by HEAD and takes 404 for an answer. dockerd's own pull, podman, kaniko and
this tool go on with GET."""


@dataclass(frozen=True, slots=True)
class HeadRefused:
    """``version`` is Nexus's (major, minor) where something said it."""

    looked: Looked
    head: Answer
    got: Answer
    version: tuple[int, int] | None

    @property
    def old_nexus(self) -> bool:
        """The fault that 3.15 mended: no route for HEAD, so the servlet's own error page.

        The page itself must be Nexus's: a proxy before one that stops HEAD has a page too.
        """
        if not error_page(self.head) or not is_nexus(self.head):
            return False
        return self.version is None or (3, 0) <= self.version < (3, 15)


def error_page(head: Answer) -> bool:
    """A 404 that no docker handler gave: a page for browsers, without the API's header."""
    return head.status == 404 and head.html and not head.header("Docker-Distribution-Api-Version")


def refusals(seen: Observations) -> Iterator[HeadRefused]:
    """Each manifest that GET serves and HEAD, asked the same way, does not.

    405 is no fault: clients turn to GET on it.
    """
    for looked in looks(seen):
        head, got = looked.look.head, looked.look.get
        if head is None or got is None or not got.ok:
            continue
        broken_off = not head.status and head.fault in ("read", "protocol")
        if not broken_off and (head.status < 400 or head.status == 405):
            continue
        answers = [head, got]
        ping = seen.get(Ping, looked.endpoint)
        if ping is not None:
            answers.append(ping.answer)
        yield HeadRefused(looked, head, got, nexus_version(answers))
