"""The report as JUnit XML, one test case a finding; CI systems show it beside the tests."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.model.finding import Finding
from regdoctor.model.report import Report
from regdoctor.render.safe import plain, xml


def render(report: Report) -> str:
    """A ``testsuites`` document; errors and warnings are failures, the rest passes."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    clean = [target for target in report.targets if not report.findings]
    count = len(report.findings) + len(clean) + len(report.open)
    failed = sum(each.severity != "info" for each in report.findings)
    counts = f'tests="{count}" failures="{failed}" errors="0" skipped="{len(report.open)}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="regdoctor" {counts} time="{report.summary.seconds:.3f}">'
    yield f'  <testsuite name="regdoctor check" {counts} timestamp="{xml(report.started)}">'
    for target in clean:
        yield f'    <testcase classname="target" name="{xml(target.text)}"/>'
    for finding in report.findings:
        yield from _case(finding)
    for question in report.open:
        yield f'    <testcase classname="{question.code}" name="{xml(question.question)}">'
        yield f'      <skipped message="{xml(question.why)}"/>'
        yield "    </testcase>"
    yield "  </testsuite>"
    yield "</testsuites>"


def _case(finding: Finding) -> Iterator[str]:
    head = f'    <testcase classname="{finding.code}" name="{xml(finding.subject)}"'
    if finding.severity == "info":
        yield f"{head}/>"
        return
    yield f"{head}>"
    facts = "\n".join(f"{plain(each.probe)}: {plain(each.fact)}" for each in finding.evidence)
    body = "\n".join(xml(line) for line in facts.splitlines())
    message = xml(finding.title)
    yield f'      <failure type="{finding.severity}" message="{message}">{body}</failure>'
    yield "    </testcase>"
