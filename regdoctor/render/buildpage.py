"""A build as one HTML page that needs nothing else: steps over time, cache, findings, layers.

No scripts, nothing from elsewhere; every word of a build, a file or a server is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from builder.engine.shape import ImageShape
from builder.progress.escapes import shown_line
from builder.progress.text import size
from builder.progress.trace import VertexState
from builder.solver.verdict import CacheVerdict
from regdoctor.model.finding import Finding
from regdoctor.model.report import Report
from regdoctor.render.cachetable import reason
from regdoctor.render.safe import xml

_LOG_LINES = 50
_TICKS = 5
_STYLE = """
:root{color-scheme:light dark;--run:#2f6fd0;--cached:#8a94a6;--failed:#c8322b;--canceled:#b8860b;
--line:#8884;--text:#1c1f24;--back:#fff}
@media(prefers-color-scheme:dark){:root{--text:#e6e8eb;--back:#16181d;--run:#5b93ea}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);
margin:2rem auto;max-width:75rem;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
code,pre,.name{font-family:ui-monospace,monospace;font-size:.85rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);padding:.6rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.2rem .6rem .2rem 0;vertical-align:top;
border-bottom:1px solid var(--line)}
td.number,th.number{text-align:right;white-space:nowrap}
td code{overflow-wrap:anywhere}
.chart{border-top:1px solid var(--line)}
.row{display:grid;grid-template-columns:minmax(0,26rem) 6rem minmax(0,1fr);gap:.6rem;
align-items:center;border-bottom:1px solid var(--line)}
.name{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.time{text-align:right;white-space:nowrap}
.track{position:relative;height:1.1rem}
.bar{position:absolute;top:.2rem;bottom:.2rem;min-width:2px;background:var(--run)}
.cached .bar{background:var(--cached)}.failed .bar{background:var(--failed)}
.canceled .bar{background:var(--canceled)}
.tick{position:absolute;font-size:.75rem;white-space:nowrap;transform:translateX(-50%)}
.tick:first-child{transform:none}.tick:last-child{transform:translateX(-100%)}
.failed .time,.error{color:var(--failed)}.canceled .time,.warning{color:var(--canceled)}
"""


@dataclass(frozen=True, slots=True)
class BuildPage:
    """``steps`` in the order of their start, with the log of those that failed; ``error`` is
    empty where the build succeeded. ``report`` holds the findings, ``seconds`` the whole time.
    """

    title: str
    seconds: float
    error: str
    steps: Sequence[VertexState]
    verdicts: Sequence[CacheVerdict]
    report: Report
    images: Sequence[ImageShape]
    warnings: Sequence[str] = ()


def render(page: BuildPage) -> str:
    """The whole document."""
    title = f"Build of {xml(page.title)}"
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n',
            '<meta http-equiv="Content-Security-Policy" ',
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
            '<meta name="viewport" content="width=device-width">\n',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>\n<h1>{title}</h1>\n",
            *_outcome(page),
            *_findings(page.report),
            *_chart(page),
            *_failures(page.steps),
            *_list("Warnings", page.warnings),
            *_cache(page.verdicts),
            *_layers(page.images),
            "</body></html>\n",
        )
    )


def _outcome(page: BuildPage) -> Iterator[str]:
    tool = page.report.tool
    verdict = '<b class="error">Failed</b>' if page.error else "<b>Succeeded</b>"
    yield f"<p>{verdict} after {page.seconds:.1f} s. Started {xml(page.report.started)}, by "
    yield f"{xml(tool.name)} {xml(tool.version)}.</p>\n"
    if page.error:
        yield f"<pre>{xml(page.error)}</pre>\n"


def _chart(page: BuildPage) -> Iterator[str]:
    begun = [start for step in page.steps for start in step.intervals]
    if not begun:
        return
    first = min(begun)
    ends = [end for step in page.steps for end in step.intervals.values() if end is not None]
    span = max(max([*begun, *ends]) - first, 0.001)
    yield '<h2>Steps over time</h2>\n<div class="chart">\n'
    marks = (
        f'<span class="tick" style="left:{100 * n / _TICKS:.1f}%">{span * n / _TICKS:.1f} s</span>'
        for n in range(_TICKS + 1)
    )
    yield f'<div class="row"><span></span><span></span><div class="track">{"".join(marks)}</div>'
    yield "</div>\n"
    for step in page.steps:
        yield _row(step, first, span)
    yield "</div>\n"


def _row(step: VertexState, first: float, span: float) -> str:
    runs = [
        (start - first, (first + span if end is None else end) - start)
        for start, end in step.merged_intervals()
    ]
    kind, word = "run", f"{sum(length for _, length in runs):.1f} s"
    if step.canceled:
        kind, word = "canceled", "canceled"
    elif step.error:
        kind, word = "failed", "failed"
    elif step.cached:
        kind, word = "cached", "cached"
    bars = "".join(
        f'<span class="bar" style="left:{100 * start / span:.2f}%;width:'
        f'{100 * length / span:.2f}%"></span>'
        for start, length in runs
    )
    name = xml(step.name)
    return (
        f'<div class="row {kind}"><span class="name" title="{name}">{name}</span>'
        f'<span class="time">{word}</span><div class="track">{bars}</div></div>\n'
    )


def _failures(steps: Sequence[VertexState]) -> Iterator[str]:
    for step in steps:
        if step.failed:
            yield f"<h2>What <code>{xml(step.name)}</code> said</h2>\n<pre>"
            for line in step.logs[-_LOG_LINES:]:
                yield xml(shown_line(line, colour=False).decode()) + "\n"
            yield f"{xml(step.error)}</pre>\n"


def _findings(report: Report) -> Iterator[str]:
    if report.findings:
        yield "<h2>Findings</h2>\n"
    for finding in report.findings:
        yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[str]:
    yield f'<h3><span class="{finding.severity}">{finding.severity}</span> {xml(finding.code)}'
    yield f"</h3>\n<p>{xml(finding.title)} (<code>{xml(finding.subject)}</code>)</p>\n<ul>\n"
    for evidence in finding.evidence:
        yield f"<li>{xml(evidence.probe)}: {xml(evidence.fact)}</li>\n"
    yield "</ul>\n"
    for fix in finding.fixes:
        yield f"<p><b>{xml(fix.client)}</b> ({fix.disposition}): {xml(fix.title)}</p>\n"
        lines = [*fix.commands]
        for change in fix.files:
            lines += [f"# {change.path}", *change.diff.splitlines()]
        if lines:
            yield "<pre>" + "\n".join(map(xml, lines)) + "</pre>\n"


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<h2>{title}</h2>\n<ul>\n"
        yield from (f"<li>{xml(line)}</li>\n" for line in lines)
        yield "</ul>\n"


def _cache(verdicts: Sequence[CacheVerdict]) -> Iterator[str]:
    if not verdicts:
        return
    yield "<h2>Cache</h2>\n<table><tr><th>cache</th><th>step</th><th>what changed</th></tr>\n"
    for verdict in verdicts:
        changes = "<br>".join(
            f"{xml(each.subject)}: <code>{xml(each.before)}</code> → <code>{xml(each.after)}</code>"
            for each in verdict.changes
        )
        yield f"<tr><td>{reason(verdict)}</td><td><code>{xml(verdict.name)}</code></td>"
        yield f"<td>{changes}</td></tr>\n"
    yield "</table>\n"


def _layers(images: Sequence[ImageShape]) -> Iterator[str]:
    for image in images:
        total = size(sum(layer.size for layer in image.layers))
        yield f"<h2>Layers for {xml(image.platform)}: {len(image.layers)}, {total}</h2>\n"
        yield f"<p><code>{xml(image.digest)}</code></p>\n"
        yield '<table><tr><th class="number">size</th><th>digest</th><th>made by</th></tr>\n'
        for layer in image.layers:
            yield f'<tr><td class="number">{size(layer.size)}</td>'
            yield f"<td><code>{xml(layer.digest[:19])}</code></td>"
            yield f"<td><code>{xml(layer.created_by)}</code></td></tr>\n"
        yield "</table>\n"
