"""A chain judged from files, for a person and for a program."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from regdoctor.model.report import Tool
from regdoctor.render.safe import plain
from regdoctor.render.text import WIDTH
from regdoctor.x509.certificate import Certificate
from regdoctor.x509.draw import draw
from regdoctor.x509.explain import words
from regdoctor.x509.judged import Judged
from regdoctor.x509.text import address, rfc3339
from regdoctor.x509.verdict import Place, Verdict

FORMATS = ("text", "json")


def text(judged: Judged, *, width: int = WIDTH) -> str:
    """Lines ending in a newline: the verdict, the chain, Go's words, and what they hide."""
    return "\n".join(_lines(judged, width)) + "\n"


def _lines(judged: Judged, width: int) -> Iterator[str]:
    yield from _prose("", _headline(judged), width)
    yield ""
    drawn = draw(
        judged.verdict,
        judged.time,
        root_names=judged.root_names,
        sent_names=judged.sent_names,
    )
    yield from map(plain, drawn)
    if judged.words:
        yield ""
        yield "Go says"
        yield f"  {plain(judged.words)}"
        hidden = judged.hidden()
        if hidden:
            yield "What that hides"
            for each in hidden:
                yield from _prose("  - ", f"{each}.", width)
    remarks = judged.remarks()
    if remarks:
        yield ""
        yield "Remarks"
        for remark in remarks:
            yield from _prose("  - ", f"{remark.text}.", width)
    yield ""
    names = f"for {judged.name}" if judged.name else "names not judged (--name gives one)"
    yield from _prose(
        "",
        f"Judged as Go {judged.go} would, {names}, at {rfc3339(judged.time)}, with {judged.roots}.",
        width,
    )


def _prose(prefix: str, sentence: str, width: int) -> list[str]:
    return textwrap.wrap(
        plain(sentence),
        width,
        initial_indent=prefix,
        subsequent_indent=" " * len(prefix),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _headline(judged: Judged) -> str:
    verdict, wanted = judged.verdict, f" for {judged.name}" if judged.name else ""
    if verdict.accepted:
        return f"Go accepts this chain{wanted}."
    told = f"Go refuses this chain{wanted}"
    if verdict.culprit is None:
        return f"{told}."
    return f"{told}. At fault is {judged.call(verdict.culprit)}: {words(verdict)}."


def as_json(judged: Judged, tool: Tool) -> str:
    """Indented and ASCII only. Places are as ``chain[0]``; ``certificate`` names the file."""
    verdict = judged.verdict
    told: dict[str, Any] = {
        "schema": 1,
        "tool": {"name": tool.name, "version": tool.version},
        "accepted": verdict.accepted,
        "name": judged.name,
        "time": rfc3339(judged.time),
        "go": judged.go,
        "roots": judged.roots,
        "error": judged.words,
        "kind": str(verdict.kind or ""),
        "culprit": _place(judged, verdict.culprit),
        "about": _place(judged, verdict.about),
        "hint": {"error": verdict.hint.text, "of": _place(judged, verdict.hint_cert)}
        if verdict.hint
        else None,
        "hidden": judged.hidden(),
        "paths": [[str(place) for place in path] for path in verdict.paths],
        "chain": [_entry(judged, at, entry) for at, entry in enumerate(verdict.entries)],
        "in_order": _in_order(judged.in_order),
        "remarks": [{"code": each.code, "text": each.text} for each in judged.remarks()],
    }
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"


def _in_order(verdict: Verdict | None) -> dict[str, Any] | None:
    return None if verdict is None else {"accepted": verdict.accepted, "error": verdict.text}


def _place(judged: Judged, place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    told: dict[str, Any] = {"place": str(place), "certificate": judged.call(place)}
    if place.certificate is not None and place.certificate.raw:
        told["sha256"] = place.certificate.fingerprint
    return told


def _entry(judged: Judged, at: int, entry: Certificate | str) -> dict[str, Any]:
    called = {"place": f"chain[{at}]", "file": judged.sent_names[at]}
    if isinstance(entry, str):
        return {**called, "unparsed": entry}
    return {
        **called,
        "subject": str(entry.subject),
        "issuer": str(entry.issuer),
        "not_before": rfc3339(entry.not_before),
        "not_after": rfc3339(entry.not_after),
        "sha256": entry.fingerprint,
        "names": [*entry.dns_names, *map(address, entry.addresses)],
        "ca": entry.is_ca,
    }
