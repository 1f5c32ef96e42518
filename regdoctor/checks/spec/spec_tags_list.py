"""The list of tags, page by page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import Reading, readings
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

BREAKS = ("podman", "crane")
_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')
_WHOLE = 4096
"""Bytes of a body that are kept: of a longer list nothing is said."""


class TagsList(Check):
    """Nothing is built or pulled with it: skopeo, renovate and clean-ups read it. A registry
    that gives all tags at once, whatever ``n`` says, is old and not wrong."""

    code = "spec-tags-list"
    summary = "the list of tags is not what the specification says, or its next page is not there"
    needs = (Asked,)
    question = "is tags/list a list of tags, and can its next page be had?"
    probe = "spec"
    symptoms = ("skopeo list-tags or renovate fails, and pulls work",)
    clients = BREAKS
    products = ("artifactory", "nexus", "pulp")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            first = reading.asked("tags")
            # Nobody lists the tags of a mirror; 403 is a right that pulls do not need.
            if first is None or reading.mirror or first.answer.status in (403, 404, 405):
                continue
            why = _wrong(reading, first)
            if why:
                second = reading.asked("tags-next")
                answers = [first.answer, *([second.answer] if second is not None else [])]
                yield reading.finding(self.code, why, "warning", answers, BREAKS)


def _wrong(reading: Reading, first: Asked) -> str:
    answer = first.answer
    if not answer.ok:
        return f"answers {answer.status} where the tags of a repository are asked for"
    shape = _shape(answer, first.length)
    if shape:
        return shape
    link = _NEXT.search(answer.header("Link"))
    if link is None:
        return ""
    second = reading.asked("tags-next")
    if second is not None:
        return "" if second.answer.ok else f"answers {second.answer.status} to its own next page"
    if _path(urljoin(answer.url, link[1])) != _path(answer.url):
        return f"names a next page of tags that is elsewhere: {link[1][:200]}"
    return ""


def _path(url: str) -> str:
    return urlsplit(url).path


def _shape(answer: Answer, length: int) -> str:
    if length > _WHOLE:
        return ""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return "answers with no JSON where the tags of a repository are asked for"
    tags = document.get("tags", ()) if isinstance(document, dict) else None
    if not isinstance(tags, list):
        return "gives no list of tags (null, or none at all)"
    return ""


CHECK = TagsList()
