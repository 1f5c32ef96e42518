"""What the checks of pushes share: who was written to, all its answers, a finding about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regdoctor.checks.judging import answer_evidence, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import EVERY, OWN
from regdoctor.model.finding import Confidence, Evidence, Finding, Severity
from regdoctor.observations.host import AskedClients
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.products import is_nexus
from regdoctor.observations.push import ChunkLook, MountLook, SizeLook, StoreLook, UploadLook
from regdoctor.observations.store import HOST, Observations

EVERYBODY = EVERY
"""The clients that push, and would all meet it."""


def pushed(seen: Observations) -> Iterator[tuple[str, UploadLook]]:
    """(endpoint, first upload) of every registry that was written to."""
    for endpoint in seen.endpoints():
        look = seen.get(UploadLook, endpoint)
        if look is not None:
            yield endpoint, look


def answers(seen: Observations, endpoint: str) -> Iterator[tuple[str, Answer]]:
    """(probe, answer) of all requests that wrote, in the order of a push."""
    if (upload := seen.get(UploadLook, endpoint)) is not None:
        yield "push-upload", upload.opened
    if (chunk := seen.get(ChunkLook, endpoint)) is not None:
        yield from (("push-chunks", each) for each in (chunk.first, chunk.second) if each)
    if (size := seen.get(SizeLook, endpoint)) is not None and size.sent is not None:
        yield "push-size", size.sent
    if (mount := seen.get(MountLook, endpoint)) is not None:
        yield from (("push-mount", each) for each in (mount.opened, mount.written) if each)
    if (store := seen.get(StoreLook, endpoint)) is not None:
        yield from (("push-store", each) for each in (store.whole, store.single) if each)
        yield from (("push-store", each.answer) for each in store.manifests)


def of_nexus(seen: Observations, endpoint: str) -> bool:
    """Whether any answer carries the marks of a Nexus."""
    ping = seen.get(Ping, endpoint)
    written = (answer for _, answer in answers(seen, endpoint))
    return (ping is not None and is_nexus(ping.answer)) or any(map(is_nexus, written))


def severity(seen: Observations, breaks: Sequence[str]) -> Severity:
    """An error for the client through whose eyes the user looks; else a warning, for others
    push to the same registry."""
    asked = seen.get(AskedClients, HOST)
    names = asked.names if asked else (OWN,)
    return "error" if set(names) & set(breaks) else "warning"


def finding(
    seen: Observations,
    check: Check,
    endpoint: str,
    title: str,
    evidence: Sequence[tuple[str, Answer] | Evidence],
    *,
    breaks: Sequence[str] = EVERYBODY,
    confidence: Confidence = "certain",
    as_severity: Severity | None = None,
) -> Finding:
    """A finding about the repository that was written to. ``evidence`` may hold what
    ``answers`` gives."""
    look = seen.get(UploadLook, endpoint)
    repository = look.repository if look is not None else ""
    return Finding(
        code=check.code,
        title=title,
        severity=as_severity or severity(seen, breaks),
        confidence=confidence,
        subject=f"{subject_of(endpoint)}/{repository}",
        evidence=tuple(
            each if isinstance(each, Evidence) else answer_evidence(each[1], each[0])
            for each in evidence
        ),
        breaks=tuple(breaks),
    )


def how(answer: Answer) -> str:
    """``answers 500``, or how the exchange broke off."""
    return f"answers {answer.status}" if answer.status else f"breaks off ({answer.text})"


def refused(answer: Answer | None) -> bool:
    """It was asked, and did not end well."""
    return answer is not None and not answer.ok
