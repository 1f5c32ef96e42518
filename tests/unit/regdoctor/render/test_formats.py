"""Every format says the same findings; text says the verdict first."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from regdoctor.diagnose import judged
from regdoctor.model.finding import Evidence
from regdoctor.model.report import Report, Tool, summarise
from regdoctor.model.target import Target
from regdoctor.observations.store import Observations
from regdoctor.render import text
from regdoctor.render.table import FORMATS, renderer
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import (
    HTTPS,
    VALID,
    chain_seen,
    manifest_answer,
    manifest_seen,
    registry_seen,
)

TARGET = Target("registry", "registry.example:5000", (HTTPS,))


def report(seen: Observations) -> Report:
    diagnosis = judged(seen, (TARGET,))
    return Report(
        Tool("regdoctor", "1"),
        "2026-06-01T12:00:00Z",
        diagnosis.targets,
        diagnosis.findings,
        diagnosis.questions,
        summarise(diagnosis.findings, 0.4),
    )


@pytest.fixture(scope="module")
def untrusted() -> Report:
    root = CertificateAuthority("Example Root CA", validity=VALID)
    return report(chain_seen(root.issue("registry.example", validity=VALID)))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_the_code_the_subject_and_the_mend(name: str, untrusted: Report) -> None:
    shown = renderer(name)(untrusted)
    assert "x509-unknown-authority-private-root" in shown
    assert "registry.example" in shown
    assert shown.endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_an_escape_through(name: str, untrusted: Report) -> None:
    (finding,) = untrusted.findings
    evil = Evidence("server says \x1b]0;owned\x07", "ping", {})
    fixed = replace(finding, title="\x1b[2J", evidence=(evil, *finding.evidence))
    shown = renderer(name)(replace(untrusted, findings=(fixed,)))
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_text_begins_with_the_verdict_in_one_sentence(untrusted: Report) -> None:
    first = " ".join(text.render(untrusted).split("\n\n")[0].split())
    assert first == f"{untrusted.findings[0].title}."


def test_text_draws_the_chain_with_what_is_missing(untrusted: Report) -> None:
    shown = text.render(untrusted)
    assert "[0] CN=registry.example" in shown
    assert "[?] CN=Example Root CA   <- not sent" in shown


def test_text_names_whom_it_breaks_the_commands_and_the_page(untrusted: Report) -> None:
    shown = text.render(untrusted)
    assert "Breaks  docker, buildkit, containerd, podman, regdoctor" in shown
    assert "$ install -D -m 0644 ca.crt /etc/docker/certs.d/registry.example:5000/ca.crt" in shown
    assert "regdoctor codes x509-unknown-authority-private-root" in shown


def test_text_without_colour_has_no_escape_and_colour_changes_no_word(untrusted: Report) -> None:
    import re

    plain, coloured = text.render(untrusted), text.render(untrusted, colour=True)
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_text_says_that_nothing_is_wrong_and_of_what() -> None:
    shown = text.render(report(registry_seen()))
    assert shown.startswith(f"No fault found: {HTTPS}.")


def test_text_says_that_not_everything_could_be_judged() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), None)
    shown = text.render(report(seen))
    assert shown.startswith("No fault was found, but not everything could be judged.")
    assert "open because" in shown


def test_a_note_is_no_verdict() -> None:
    root = CertificateAuthority("Example Root CA", validity=VALID)
    seen = chain_seen(root.issue("registry.example", validity=VALID), own=[root.der])
    shown = text.render(report(seen))
    assert shown.startswith("No fault found")
    assert "NOTE x509-unknown-authority-private-root" in shown


def test_junit_counts_what_it_lists(untrusted: Report) -> None:
    suites = ET.fromstring(renderer("junit")(untrusted))
    assert suites.get("failures") == "1"
    cases = suites.findall(".//testcase")
    assert suites.get("tests") == str(len(cases))
    assert len(suites.findall(".//failure")) == 1


def test_junit_of_a_clean_run_has_a_case_that_passes() -> None:
    suites = ET.fromstring(renderer("junit")(report(registry_seen())))
    assert suites.get("tests") == "1"
    assert suites.findall(".//failure") == []


def test_sarif_has_a_rule_for_every_result(untrusted: Report) -> None:
    (run,) = json.loads(renderer("sarif")(untrusted))["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == rules
    assert run["results"][0]["level"] == "error"


def test_markdown_takes_names_literally(untrusted: Report) -> None:
    (finding,) = untrusted.findings
    shown = renderer("markdown")(
        replace(untrusted, findings=(replace(finding, title="*bold* [x](y) `z`"),))
    )
    assert r"\*bold\* \[x\](y) \`z\`" in shown


def test_prose_fits_a_narrow_terminal_and_what_is_copied_is_never_broken(untrusted: Report) -> None:
    wide, narrow = text.render(untrusted), text.render(untrusted, width=60)
    copied = [line for line in wide.splitlines() if line.lstrip().startswith(("$ ", "+"))]
    assert copied
    assert [line for line in copied if line not in narrow.splitlines()] == []
    title = narrow.splitlines()[:3]
    assert all(len(line) <= 60 for line in title)
    assert wide.split() == narrow.split()


def test_a_sentence_does_not_repeat_the_subject_of_its_head(untrusted: Report) -> None:
    (finding,) = untrusted.findings
    note = replace(finding, subject="r.example", title="r.example: it is so", severity="info")
    shown = text.render(replace(untrusted, findings=(note,)))
    assert "  it is so.\n  Evidence and fixes: the same command with --format markdown\n" in shown


def test_the_page_of_a_finding_is_a_command_that_can_be_copied(untrusted: Report) -> None:
    shown = text.render(untrusted, width=40)
    assert "  Docs    regdoctor codes x509-unknown-authority-private-root\n" in shown
