"""The report for a person at a terminal: the verdict first, then why, whom it breaks, the mend."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regdoctor.model.finding import Evidence, Finding, Fix, OpenQuestion
from regdoctor.model.report import Report
from regdoctor.render.safe import plain

WIDTH = 100
_COLOURS = {"error": "31;1", "warning": "33;1", "info": "36;1"}
_LABELS = {"error": "ERROR", "warning": "WARNING", "info": "NOTE"}


@dataclass(frozen=True, slots=True)
class _Prose:
    """Words that may be broken into lines; ``hang``: columns before each line but the first."""

    prefix: str
    text: str
    hang: int

    def wrapped(self, width: int) -> list[str]:
        return textwrap.wrap(
            self.text,
            width,
            initial_indent=self.prefix,
            subsequent_indent=" " * self.hang,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [self.prefix.rstrip()]


# A plain string is a line of its own: commands and files are copied from there, unbroken.
_Lines = Iterator[str | _Prose]


def render(report: Report, *, colour: bool = False, width: int = WIDTH) -> str:
    """The report as lines ending in a newline. Colour only repeats what the words say.

    Prose is broken at ``width`` columns; commands, file contents and certificates never are.
    """
    lines: list[str] = []
    for each in _lines(report, colour):
        lines += each.wrapped(width) if isinstance(each, _Prose) else [each]
    return "\n".join(lines) + "\n"


def _lines(report: Report, colour: bool) -> _Lines:
    yield from _verdict(report)
    for finding in report.findings:
        yield ""
        if finding.severity == "info":
            yield from _note(finding, colour)
        else:
            yield from _finding(finding, colour, told=finding is report.findings[0])
    if report.open:
        yield ""
        yield "Open questions"
        for question in report.open:
            yield from _question(question)
    yield ""
    yield _summary(report)


def _verdict(report: Report) -> _Lines:
    """One sentence: what is wrong first of all, or that nothing is."""
    first = next(iter(report.findings), None)
    if first is not None and first.severity != "info":
        yield _prose("", f"{plain(first.title)}.")
        return
    looked = [plain(url) for target in report.targets for url in target.endpoints]
    if not looked:
        yield "Nothing could be judged: no target led to an endpoint."
    elif report.open:
        yield "No fault was found, but not everything could be judged."
    else:
        yield _prose("", f"No fault found: {', '.join(dict.fromkeys(looked))}.")


def _head(finding: Finding, colour: bool) -> str:
    label = _LABELS[finding.severity]
    if colour:
        label = f"\x1b[{_COLOURS[finding.severity]}m{label}\x1b[0m"
    sure = "" if finding.confidence == "certain" else f" ({finding.confidence})"
    return f"{label} {finding.code}{sure}  {plain(finding.subject)}"


def _note(finding: Finding, colour: bool) -> _Lines:
    """What breaks nobody who was asked for: one sentence, and how to see the rest."""
    yield _head(finding, colour)
    yield _sentence(finding)
    yield "  Evidence and fixes: the same command with --format markdown"


def _sentence(finding: Finding) -> _Prose:
    """The title without the subject, which the head has told."""
    return _prose("  ", f"{plain(finding.title.removeprefix(f'{finding.subject}: '))}.")


def _finding(finding: Finding, colour: bool, *, told: bool) -> _Lines:
    """``told``: the report began with this finding's sentence."""
    yield _head(finding, colour)
    if not told:
        yield _sentence(finding)
    yield "  Seen"
    for evidence in finding.evidence:
        yield from _evidence(evidence)
    if finding.breaks:
        yield f"  Breaks  {', '.join(map(plain, finding.breaks))}"
    if finding.fixes:
        yield "  Fix"
        for fix in finding.fixes:
            yield from _fix(fix)
    if finding.docs:
        yield f"  Docs    regdoctor codes {finding.code}"


def _evidence(evidence: Evidence) -> _Lines:
    yield _prose(f"    {plain(evidence.probe) + ':':<9} ", plain(evidence.fact))
    chain = evidence.data.get("chain")
    if isinstance(chain, list | tuple):
        yield from _chain(chain, str(evidence.data.get("missing", "")))


def _chain(chain: list[Mapping[str, Any]] | tuple[Any, ...], missing: str) -> Iterator[str]:
    """The certificates as a ladder, leaf first; what is not there is drawn as a gap."""
    indent = " " * 14
    for at, each in enumerate(chain):
        mark = f"   <- {plain(str(each['mark']))}" if each.get("mark") else ""
        yield f"{indent}[{at}] {plain(str(each.get('subject') or '(no subject)'))}{mark}"
        if each.get("names"):
            names = ", ".join(map(str, each["names"][:8]))
            yield f"{indent}     | names  {plain(names)}"
        if each.get("not_before"):
            yield f"{indent}     | valid  {each['not_before']} to {each['not_after']}"
        if each.get("sha256"):
            yield f"{indent}     | sha256 {each['sha256']}"
        if each.get("issuer"):
            yield f"{indent}     | issued by {plain(str(each['issuer']))}"
    if missing:
        yield f"{indent}[?] {plain(missing)}   <- not sent"


def _fix(fix: Fix) -> _Lines:
    weakens = "  [weakens a protection]" if fix.disposition == "unsafe" else ""
    yield _prose(f"    {plain(fix.client)}: ", plain(fix.title) + weakens, hang=6)
    for change in fix.files:
        yield f"      {plain(change.path)}"
        for line in change.diff.splitlines():
            yield f"        {plain(line)}"
    for command in fix.commands:
        yield f"      $ {plain(command)}"


def _question(question: OpenQuestion) -> _Lines:
    yield _prose("  ? ", f"{question.code}: {plain(question.question)}", hang=4)
    yield _prose("    ", f"open because {plain(question.why)}", hang=4)


def _summary(report: Report) -> str:
    summary = report.summary
    return (
        f"{_count(summary.errors, 'error')}, {_count(summary.warnings, 'warning')}, "
        f"{_count(len(report.open), 'open question')} in {summary.seconds:.1f} s"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _prose(prefix: str, text: str, *, hang: int | None = None) -> _Prose:
    return _Prose(prefix, text, len(prefix) if hang is None else hang)
