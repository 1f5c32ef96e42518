"""The report for an issue, a merge request or a chat."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.model.finding import Finding, Fix
from regdoctor.model.report import Report
from regdoctor.render.safe import markdown, plain


def render(report: Report) -> str:
    """GitHub-flavoured Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    targets = ", ".join(markdown(target.text) for target in report.targets)
    yield f"# regdoctor: {targets or 'no target'}"
    yield ""
    summary = report.summary
    yield (
        f"{summary.errors} errors, {summary.warnings} warnings, "
        f"{len(report.open)} open questions, {report.started}"
    )
    for finding in report.findings:
        yield ""
        yield from _finding(finding)
    if report.open:
        yield ""
        yield "## Open questions"
        yield ""
        for each in report.open:
            yield f"- `{each.code}`: {markdown(each.question)} Open because {markdown(each.why)}."


def _finding(finding: Finding) -> Iterator[str]:
    yield f"## {finding.severity}: `{finding.code}` {markdown(finding.subject)}"
    yield ""
    yield f"{markdown(finding.title)}. Confidence: {finding.confidence}."
    yield ""
    for evidence in finding.evidence:
        yield f"- {evidence.probe}: {markdown(evidence.fact)}"
        for at, each in enumerate(evidence.data.get("chain", ())):
            mark = f" (**{markdown(each['mark'])}**)" if each["mark"] else ""
            yield f"  - [{at}] {markdown(each['subject'])}{mark}, until {each['not_after']}"
        if evidence.data.get("missing"):
            yield f"  - [?] {markdown(evidence.data['missing'])} (**not sent**)"
    if finding.breaks:
        yield ""
        yield f"Breaks: {', '.join(finding.breaks)}"
    for fix in finding.fixes:
        yield from _fix(fix)
    if finding.docs:
        yield ""
        yield f"See [{finding.code}]({finding.docs})."


def _fix(fix: Fix) -> Iterator[str]:
    yield ""
    yield f"**{markdown(fix.client)}** ({fix.disposition}): {markdown(fix.title)}"
    for change in fix.files:
        yield from _block("diff", [f"# {change.path}", *change.diff.splitlines()])
    if fix.commands:
        yield from _block("sh", fix.commands)


def _block(language: str, lines: tuple[str, ...] | list[str]) -> Iterator[str]:
    """A fence longer than any run of backticks inside."""
    safe = [plain(line) for line in lines]
    fence = "```"
    while any(fence in line for line in safe):
        fence += "`"
    yield ""
    yield f"{fence}{language}"
    yield from safe
    yield fence
