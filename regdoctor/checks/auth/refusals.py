"""Every answer by which a registry, or its token server, turned somebody away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.observations.http import (
    Answer,
    CredentialUse,
    LoginAnswer,
    Ping,
    TokenAnswer,
)
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Refusal:
    """``subject`` is the registry, or the image where only that was refused; ``sent``: a
    login was in hand."""

    endpoint: str
    subject: str
    answer: Answer
    probe: str
    sent: bool


def refusals(seen: Observations) -> Iterator[Refusal]:
    """Endpoint by endpoint; of the registry as a whole before those of single images."""
    by_endpoint: dict[str, list[Refusal]] = {}
    for each in looks(seen):
        if not each.served:
            found = _of_image(seen, each.endpoint, each.image, each.look.repository, each.last)
            by_endpoint.setdefault(each.endpoint, []).extend(found)
    for endpoint in seen.endpoints():
        yield from _of_endpoint(seen, endpoint)
        yield from by_endpoint.get(endpoint, ())


def of_logins(seen: Observations) -> Iterator[Refusal]:
    """Logins that were not taken: 400, 401 or 403 with credentials sent; one an endpoint."""
    told: set[str] = set()
    for each in refusals(seen):
        at_registry = each.subject == subject_of(each.endpoint) and each.probe != "ping"
        statuses = (400, 401) if each.probe == "login" else (400, 401, 403)
        if not at_registry or not each.sent or each.answer.status not in statuses:
            continue
        if each.endpoint not in told:
            told.add(each.endpoint)
            yield each


def _of_endpoint(seen: Observations, endpoint: str) -> Iterator[Refusal]:
    subject = subject_of(endpoint)
    ping, login = seen.get(Ping, endpoint), seen.get(LoginAnswer, endpoint)
    if ping is not None and ping.answer.status >= 400 and ping.answer.status != 401:
        yield Refusal(endpoint, subject, ping.answer, "ping", False)
    # A 403 of the token server is about the repository of the trial, which nobody has.
    trial = login is not None and login.answer.status == 403 and "scope=" in login.answer.url
    if login is not None and login.answer.status >= 400 and not trial:
        yield Refusal(endpoint, subject, login.answer, "login", True)
    for _, token in seen.named(TokenAnswer, endpoint):
        of_image = not token.authenticated and token.answer.status in (401, 403)
        if not token.granted and token.answer.status >= 400 and not of_image:
            yield Refusal(endpoint, subject, token.answer, "token", token.authenticated)


def _of_image(
    seen: Observations, endpoint: str, image: str, repository: str, last: Answer | None
) -> Iterator[Refusal]:
    for _, token in seen.named(TokenAnswer, endpoint):
        wanted = f"repository:{repository}:" in token.scope and not token.authenticated
        if wanted and not token.granted and token.answer.status in (401, 403):
            yield Refusal(endpoint, image, token.answer, "token", False)
            return
    use = seen.get(CredentialUse, endpoint)
    present = use is not None and use.present
    if last is not None and last.status >= 400:
        basic = last.header("WWW-Authenticate").lower().startswith("basic")
        rejected = last.status == 401 and basic and present
        subject = subject_of(endpoint) if rejected else image
        yield Refusal(endpoint, subject, last, "manifest", present)
