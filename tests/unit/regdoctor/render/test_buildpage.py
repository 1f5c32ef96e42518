"""A build as a page: all there is to see, and nothing that a build could do with it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from builder.engine.shape import ImageShape, LayerShape
from builder.events import Event, LogEvent, VertexEvent
from builder.oci.digest import Digest
from builder.progress.trace import Trace
from builder.solver.verdict import CacheVerdict, Change
from regdoctor.model.finding import Evidence, Finding, Fix
from regdoctor.model.report import Report, Tool, summarise
from regdoctor.render.buildpage import BuildPage, render

EVIL = "</pre><script>alert(1)</script>\x1b[2J\u202e\"'"


class Elements(HTMLParser):
    """Names and attributes of the elements, which must be closed in order; the text of all."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*events: Event, text: str = "plain", error: str = "") -> str:
    trace = Trace()
    trace.update(events, 100.0)
    finding = Finding(
        "x509-expired",
        text,
        "error",
        "certain",
        text,
        (Evidence(text, "tls"),),
        fixes=(Fix("docker", text, "safe", (text,)),),
    )
    report = Report(
        Tool("regdoctor", "1"), "2026-01-01T00:00:00Z", (), (finding,), (), summarise((), 1)
    )
    digest = Digest.of(b"x")
    verdicts = [CacheVerdict(digest, text, False, "definition", (Change(text, text, text),))]
    images = [ImageShape("linux/amd64", text, (LayerShape(str(digest), 1_040_000, text),))]
    return render(BuildPage(text, 4.0, error, trace.started, verdicts, report, images, [text]))


def vertex(name: str, start: float, end: float | None, **more: object) -> Event:
    return VertexEvent(name, name, (), start, end, **more)  # type: ignore[arg-type]


def test_steps_stand_where_they_ran() -> None:
    shown = page(vertex("first", 100.0, 101.0), vertex("second", 101.0, 104.0, cached=True))
    bars = re.findall(r'class="bar" style="left:([\d.]+)%;width:([\d.]+)%"', shown)
    assert bars == [("0.00", "25.00"), ("25.00", "75.00")]
    assert '<div class="row cached">' in shown
    text = Elements(shown).text
    assert "1.0 s" in text
    assert "Succeeded" in text


def test_a_failed_build_shows_what_the_step_said() -> None:
    shown = page(
        vertex("RUN x", 100.0, None),
        LogEvent("RUN x", 1, b"\x1b[31mwhy\x1b[0m\n", 100.5),
        vertex("RUN x", 100.0, 101.0, error="exit code: 1"),
        vertex("RUN y", 100.0, 101.0, error="context canceled"),
        error="it failed",
    )
    text = Elements(shown).text
    assert "Failed" in text
    assert "0.500 why\nexit code: 1" in text
    assert '<div class="row canceled">' in shown


def test_findings_cache_and_layers_are_told() -> None:
    text = Elements(page(vertex("x", 1.0, 2.0))).text
    for part in ("x509-expired", "ran: changed", "Layers for linux/amd64: 1, 1.04MB", "Warnings"):
        assert part in text


def test_no_word_of_a_build_becomes_markup() -> None:
    shown = page(
        vertex(EVIL, 100.0, None),
        LogEvent(EVIL, 1, EVIL.encode() + b"\n", 100.5),
        vertex(EVIL, 100.0, 101.0, error=EVIL),
        text=EVIL,
        error=EVIL,
    )
    elements = Elements(shown)
    assert "script" not in elements.names
    assert {name for name, _ in elements.attributes} <= {
        *("class", "style", "title", "lang", "charset", "content", "name", "http-equiv")
    }
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_it_needs_nothing_from_elsewhere() -> None:
    shown = page(vertex("x", 1.0, 2.0))
    assert "default-src 'none'" in shown
    assert not re.search(r"src=|href=|url\(|@import|https?://", shown)


def test_a_build_without_steps_has_a_page() -> None:
    assert "Steps over time" not in Elements(page(error="no Dockerfile")).text
