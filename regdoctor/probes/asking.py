"""Questions to a registry beside those of a pull, each asked once, with its authentication."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.errors import BuilderError
from builder.registry import Host, Session
from builder.registry import scope as scopes
from builder.transport import Exchange
from regdoctor.observations.from_exchanges import answer_of
from regdoctor.observations.http import Answer
from regdoctor.observations.images import Asked, QuestionName
from regdoctor.observations.store import Observations

LIMIT = 4 << 20
"""Bytes of a body that is read whole: a manifest, a list of tags."""
START = 16
"""Bytes of a layer that are read."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask below ``/v2/REPOSITORY/``. ``ns``: say which registry a mirror stands for."""

    name: QuestionName
    repository: str
    rest: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    ns: bool = True

    @property
    def subject(self) -> str:
        return self.rest.rpartition("/")[2]


async def ask_beside(
    seen: Observations, session: Session, host: Host, question: Question, *, key: str = ""
) -> Asked:
    """Asks, and keeps the answer (named by the question, and ``key`` where it is asked of many)."""
    asked = await _ask(session, host, question)
    seen.add(host.endpoint.url, asked, name=f"{question.name} {key}".strip())
    return asked


async def _ask(session: Session, host: Host, question: Question) -> Asked:
    url = host.url(question.repository, question.rest, question.query)
    if not question.ns:
        url = url.partition("?")[0]
    log: list[Exchange] = []
    try:
        reply = await session.client.request(
            host,
            question.method,
            url,
            repository=question.repository,
            scopes=(scopes.pull(question.repository),),
            log=log,
            headers=question.headers,
            limit=LIMIT,
        )
    except BuilderError as error:
        answer = (
            answer_of(log[-1])
            if log
            else Answer(question.method, url, fault="other", text=str(error))
        )
        return Asked(question.name, question.subject, answer)
    digest = f"sha256:{hashlib.sha256(reply.body).hexdigest()}" if reply.body else ""
    return Asked(
        question.name, question.subject, answer_of(reply.exchange), digest, len(reply.body)
    )


async def layer_start(
    seen: Observations, session: Session, host: Host, repository: str, digest: str, media_type: str
) -> None:
    """The first bytes of a layer, by a range; of a server that knows none no more is read."""
    log: list[Exchange] = []
    begin = b""
    url = host.url(repository, f"blobs/{digest}")
    try:
        async with session.client.open(
            host,
            "GET",
            url,
            repository=repository,
            scopes=(scopes.pull(repository),),
            log=log,
            headers={"Range": f"bytes=0-{START - 1}", "Accept": f"{media_type}, */*"},
        ) as response:
            begin = (await response.peek(START))[:START]
    except BuilderError as error:
        if not log:
            log_less = Answer("GET", url, fault="other", text=str(error))
            seen.add(host.endpoint.url, Asked("layer-start", digest, log_less), name="layer-start")
            return
    # The observation keeps the bytes as hexadecimal digits in place of a digest.
    asked = Asked("layer-start", digest, answer_of(log[-1]), begin.hex(), len(begin))
    seen.add(host.endpoint.url, asked, name="layer-start")
