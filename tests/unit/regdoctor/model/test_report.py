"""The JSON report is a contract: exactly these keys."""

from __future__ import annotations

import json

from regdoctor.model.finding import Evidence, FileChange, Finding, Fix, OpenQuestion
from regdoctor.model.report import Report, Tool, summarise
from regdoctor.model.target import Target
from regdoctor.render import json as rendered

FINDING = Finding(
    "a-code",
    "one sentence",
    "warning",
    "certain",
    "registry.example",
    (Evidence("a fact", "tls", {"n": 1}),),
    ("docker",),
    (Fix("docker", "do it", "safe", ("true",), (FileChange("/etc/x", "+y\n"),)),),
    "docs/troubleshooting/a-code.md",
)
REPORT = Report(
    Tool("regdoctor", "1"),
    "2026-06-01T12:00:00Z",
    (Target("image", "alpine", ("https://registry-1.docker.io",)),),
    (FINDING,),
    (OpenQuestion("b-code", "what?", "tls", "nothing came"),),
    summarise((FINDING,), 0.41234),
)


def test_the_json_report_has_the_keys_of_the_contract() -> None:
    document = json.loads(rendered.render(REPORT))
    assert document == {
        "schema": 1,
        "tool": {"name": "regdoctor", "version": "1"},
        "started": "2026-06-01T12:00:00Z",
        "targets": [
            {"kind": "image", "text": "alpine", "endpoints": ["https://registry-1.docker.io"]}
        ],
        "findings": [
            {
                "code": "a-code",
                "title": "one sentence",
                "severity": "warning",
                "confidence": "certain",
                "subject": "registry.example",
                "evidence": [{"fact": "a fact", "probe": "tls", "data": {"n": 1}}],
                "breaks": ["docker"],
                "fixes": [
                    {
                        "client": "docker",
                        "title": "do it",
                        "disposition": "safe",
                        "commands": ["true"],
                        "files": [{"path": "/etc/x", "diff": "+y\n"}],
                    }
                ],
                "docs": "docs/troubleshooting/a-code.md",
            }
        ],
        "open": [{"code": "b-code", "question": "what?", "probe": "tls", "why": "nothing came"}],
        "summary": {"errors": 0, "warnings": 1, "seconds": 0.412},
    }
    assert next(iter(document)) == "schema"


def test_the_report_is_read_back() -> None:
    assert Report.from_json(json.loads(rendered.render(REPORT))) == REPORT


def test_thresholds_include_what_is_worse() -> None:
    assert not REPORT.has("error")
    assert REPORT.has("warning")
    assert REPORT.has("info")
