"""What is wrong with a reference that no client takes, and how it would be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from builder.oci.reference import InvalidReference, parse
from regdoctor.checks.judging import severity_of
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Evidence, Finding
from regdoctor.model.wording import listed
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.written import WrittenReference

Kind = Literal["scheme", "uppercase", "tag", "blank", "malformed"]


@dataclass(frozen=True, slots=True)
class Refused:
    """``corrected`` is the reference that was probably meant, empty where nobody can tell."""

    kind: Kind
    why: str
    corrected: str = ""


def refused(text: str, blank: tuple[str, ...] = ()) -> Refused | None:
    """Why ``text`` is no reference; None where it is one. ``blank`` are variables in it that
    have no value."""
    try:
        parse(text)
    except InvalidReference as error:
        if blank:
            names = listed([f"${name}" for name in blank])
            return Refused("blank", f"no ARG before the first FROM has a value for {names}")
        return _judged(text, error.why)
    return None


def written(seen: Observations) -> Iterator[tuple[WrittenReference, Refused]]:
    """Every reference that the user wrote and no client takes."""
    for _, each in seen.named(WrittenReference, HOST):
        fault = refused(each.text, each.blank)
        if fault is not None:
            yield each, fault


def reference_finding(
    seen: Observations, code: str, title: str, each: WrittenReference, fault: Refused
) -> Finding:
    """``data`` of the first fact holds ``corrected`` and, of a Dockerfile, ``variables``."""
    shown = f"FROM {each.expression}" if each.file and each.expression else each.text
    facts = [
        Evidence(
            f"{each.file}:{each.line}: {shown}" if each.file else shown,
            "files" if each.file else "reference",
            {"text": each.text, "corrected": fault.corrected, "variables": list(each.blank)},
        ),
        Evidence(fault.why, "reference"),
    ]
    return Finding(
        code=code,
        title=title,
        severity=severity_of(seen, EVERY),
        confidence="certain",
        subject=each.where,
        evidence=tuple(facts),
        breaks=EVERY,
    )


def _judged(text: str, why: str) -> Refused:
    scheme, separator, rest = text.partition("://")
    if separator:
        bare = _without_api(rest)
        inner = Refused("malformed", why) if "://" in bare else refused(bare)
        corrected = bare if inner is None else inner.corrected
        return Refused("scheme", f"a reference has no scheme in front ({scheme}://)", corrected)
    name, tag = _split(text)
    lower = name.lower()
    if name != lower and refused(lower) is None:
        legal = _legal(tag)
        corrected = f"{lower}:{legal}" if legal else lower
        return Refused("uppercase", f"the path of a repository is in lower case ({why})", corrected)
    if tag and "@" not in text and refused(name) is None:
        legal = _legal(tag)
        return Refused("tag", _why_tag(tag), f"{name}:{legal}" if legal else "")
    return Refused("malformed", why)


def _split(text: str) -> tuple[str, str]:
    """The name and the tag; a port is none."""
    head, slash, last = text.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag


def _legal(tag: str) -> str:
    """``tag`` with the characters that it may not have replaced, as helm does with '+'."""
    allowed = [
        each if each.isascii() and (each.isalnum() or each in "_.-") else "_" for each in tag
    ]
    return "".join(allowed)[:128].lstrip(".-")


def _why_tag(tag: str) -> str:
    if len(tag) > 128:
        return f"a tag has at most 128 characters; this one has {len(tag)}"
    if tag[0] in ".-":
        return f"a tag does not begin with {tag[0]!r}"
    bad = sorted(
        {each for each in tag if not (each.isascii() and (each.isalnum() or each in "_.-"))}
    )
    return f"a tag has no {' or '.join(map(repr, bad))}: letters, digits, '_', '.' and '-' alone"


def _without_api(rest: str) -> str:
    """``host/v2/path`` as people copy it from an address bar."""
    host, slash, path = rest.rstrip("/").partition("/")
    return f"{host}{slash}{path.removeprefix('v2/')}"
