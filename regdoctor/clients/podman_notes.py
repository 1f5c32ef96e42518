"""What in the files of podman and its kin is ignored or dangerous."""

from __future__ import annotations

from collections.abc import Sequence

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Endpoint, Note, Situation
from regdoctor.clients.registries_conf import Conf


def notes_of(
    files: Filesystem, conf: Conf, situation: Situation, endpoints: Sequence[Endpoint]
) -> tuple[Note, ...]:
    """The traps that these files hold for this command; nothing for files that are right."""
    return ()
