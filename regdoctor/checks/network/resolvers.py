"""The answers of each resolver as evidence, side by side."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.model.finding import Evidence
from regdoctor.model.wording import listed
from regdoctor.observations.network import ResolverAnswer, ResolverAnswers
from regdoctor.observations.store import Observations


def resolver_evidence(seen: Observations, endpoint: str) -> Iterator[Evidence]:
    """A line for each resolver that was asked, and whether they differ."""
    known = seen.get(ResolverAnswers, endpoint)
    if known is None:
        return
    for server in known.servers:
        said = ", ".join(map(_said, known.of(server)))
        yield Evidence(
            f"resolver {server} asked by itself: {said}",
            "resolvers",
            {
                "server": server,
                "answers": [
                    {"kind": e.kind, "rcode": e.rcode, "addresses": list(e.addresses)}
                    for e in known.of(server)
                ],
            },
        )
    if known.differ:
        yield Evidence("the resolvers do not agree", "resolvers")


def _said(answer: ResolverAnswer) -> str:
    if answer.addresses:
        return f"{answer.kind} {listed(answer.addresses)}"
    if answer.rcode == "NOERROR":
        return f"{answer.kind} none"
    return f"{answer.kind} {answer.rcode or answer.text}"
