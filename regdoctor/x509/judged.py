"""A chain judged from files: the verdict, with what the files themselves gave rise to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from regdoctor.x509.explain import hidden
from regdoctor.x509.remarks import Remark, remarks
from regdoctor.x509.verdict import Place, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """``name``: the host as given, empty where names were not judged; ``go``: the release.
    ``sent_names`` and ``root_names`` are what certificates and root files are called; ``roots``
    says in words where roots came from. ``in_order``: the verdict with the server's certificate
    first, where it was not. ``of_files``: remarks about the files."""

    verdict: Verdict
    name: str
    time: dt.datetime
    go: str
    sent_names: tuple[str, ...]
    root_names: tuple[str, ...]
    roots: str
    days: int
    in_order: Verdict | None = None
    leaf_place: int = 0
    of_files: tuple[Remark, ...] = ()

    def call(self, place: Place) -> str:
        """``server.pem[1] (CN=Example Issuing CA)``."""
        if place.sent is not None:
            called = self.sent_names[place.sent]
        else:
            called = self.root_names[place.root or 0]
        if place.certificate is None or not str(place.certificate.subject):
            return called
        return f"{called} ({place.certificate.subject})"

    @property
    def words(self) -> str:
        """What Go prints; where no name was given, as far as it goes without."""
        return self.verdict.text

    def hidden(self) -> list[str]:
        """What Go's words do not say."""
        return hidden(self.verdict, self.call)

    def remarks(self) -> list[Remark]:
        """What Go lets pass, and what is odd about the files."""
        return [*self.of_files, *remarks(self.verdict, self.time, self.days, self.call)]
