"""The registry tells a wrong address for an upload: it does not know what stands before it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import EVERYBODY, finding, pushed
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.push import UploadLook
from regdoctor.observations.store import Observations


class LocationDowngraded(Check):
    """http where https was asked, another port, another host: while the upload is where it was
    opened, for it was given up there. A relative Location is right, and quiet."""

    code = "push-location-http-downgrade-missing-x-forwarded-proto"
    summary = "the registry sends uploads to a wrong address: http, another port, another host"
    needs = (UploadLook,)
    question = "is the address that the registry gives for an upload the one it was asked at?"
    probe = "push-upload"
    supersedes = ("push-unexpected-answer",)
    texts = (
        "unauthorized: authentication required",
        "blob upload unknown",
    )
    products = ("distribution", "harbor", "nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, look in pushed(seen):
            if not look.moved:
                continue
            asked, named = urlsplit(endpoint), urlsplit(look.opened.header("Location"))
            where = f"{named.scheme or asked.scheme}://{named.netloc.rpartition('@')[2]}"
            same_host = (named.hostname or "").lower() == (asked.hostname or "").lower()
            scheme = bool(named.scheme) and named.scheme != asked.scheme
            same_port = same_host and _port(named.netloc) == _port(asked.netloc)
            if scheme and named.scheme == "http":
                why = "it does not know that its clients come over TLS"
            elif same_host:
                why = "it does not know the port that its clients come to"
            else:
                why = "it does not know the name by which its clients call it"
            # An https Location on the same host and port is put right by our own pushes.
            coped = scheme and same_port and named.scheme == "http"
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} was asked at {endpoint} and sends uploads to {where}: "
                f"{why}",
                [
                    ("push-upload", look.opened),
                    Evidence(f"its Location is {look.opened.header('Location')}", "push-upload"),
                    *_given_up(look),
                ],
                breaks=tuple(each for each in EVERYBODY if each != OWN) if coped else EVERYBODY,
                confidence="certain" if same_host else "likely",
                as_severity=None if same_host else "warning",
            )


def _given_up(look: UploadLook) -> list[tuple[str, Answer]]:
    return [("push-upload", look.cancelled)] if look.cancelled is not None else []


def _port(netloc: str) -> str:
    """The port as written, or nothing."""
    return netloc.rpartition("]")[2].partition(":")[2]


CHECK = LocationDowngraded()
