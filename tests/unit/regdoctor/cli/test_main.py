"""Exit codes, streams and start-up of the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import regdoctor.cli
from regdoctor.cli import exits, pages
from tests.fixtures.checked import REPOSITORY, run


def test_help_shows_examples_and_the_commands() -> None:
    ran = run("--help")
    assert ran.code == exits.CLEAN
    assert "regdoctor check registry.example.com:5000" in ran.out
    assert "codes" in ran.out


def test_check_help_has_two_examples() -> None:
    ran = run("check", "--help")
    assert ran.code == exits.CLEAN
    assert ran.out.count("  regdoctor check ") == 2


def test_version() -> None:
    ran = run("--version")
    assert ran.code == exits.CLEAN
    assert ran.out.startswith("regdoctor ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("check", "--nothing"),
        ("check", "--as", "wget", "alpine"),
        ("check", "--format", "yaml", "alpine"),
        ("check", "--fail-on", "info", "alpine"),
        ("check", "--ca", "/nonexistent.pem", "alpine"),
        ("check", "--config", "/nonexistent.toml", "alpine"),
        ("check", "--resolve", "nonsense", "alpine"),
        ("check", "--replay", "/nonexistent.json"),
        ("check", "-u", "user", "alpine"),
        ("check", "--host-root", "/nonexistent", "alpine"),
        ("check", "--cert", "/nonexistent.pem", "alpine"),
        ("check", "team/UPPER"),
        ("codes", "no-such-code"),
    ],
)
def test_a_fault_of_usage_is_2_and_said_on_stderr(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.code == exits.USAGE
    assert ran.out == ""
    assert ran.err
    assert "Traceback" not in ran.err


def test_codes_lists_every_page_with_a_sentence() -> None:
    ran = run("codes")
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == list(pages.codes())
    assert all(line.endswith(".") for line in lines)


def test_codes_prints_one_page() -> None:
    ran = run("codes", "x509-missing-intermediate")
    page = REPOSITORY / "docs/troubleshooting/x509-missing-intermediate.md"
    assert ran.out == page.read_text(encoding="utf-8")


def test_a_misspelt_code_gets_a_suggestion() -> None:
    assert "x509-missing-intermediate" in run("codes", "x509-missing-intermediat").err


def test_a_path_is_no_code() -> None:
    assert run("codes", "../README").code == exits.USAGE


@pytest.mark.parametrize(
    "arguments", [["--help"], ["codes"], ["codes", "x509-missing-intermediate"]]
)
def test_what_only_prints_imports_little(arguments: list[str]) -> None:
    code = (
        "import sys; from regdoctor.cli import main; main();"
        "heavy=('regdoctor.cli.check','regdoctor.cli.build','httpx','httpcore','cryptography',"
        "'rich','pydantic');"
        "print([m for m in sys.modules if m.startswith(heavy)], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("codes", "a", "b"), "unexpected extra argument"),
        (("codes", "--nope"), "No such option"),
        (("codes", "\udcff"), "no finding has the code"),
        (("codes", ""), "x509-missing-intermediate"),
        (("codes", "-h"), "Usage: regdoctor codes"),
    ],
)
def test_codes_takes_one_text(arguments: tuple[str, ...], said: str) -> None:
    ran = run(*arguments)
    assert said in ran.out + ran.err
    assert ran.code == (exits.CLEAN if arguments[-1] in ("", "-h") else exits.USAGE)


def test_a_fault_of_our_own_is_3_with_a_file_to_attach(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> object:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("regdoctor.cli.application.application", broken)
    assert regdoctor.cli.main() == exits.OWN_FAULT
    said = capsys.readouterr().err
    path = Path(said.partition("attach ")[2].split()[0])
    assert "ZeroDivisionError" in path.read_text()
    path.unlink()


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("regdoctor.cli.application.application", interrupted)
    assert regdoctor.cli.main() == exits.INTERRUPTED


def test_nothing_judged_is_4(tmp_path: Path) -> None:
    saved = tmp_path / "seen.json"
    saved.write_text('{"schema": 1, "observations": [], "failures": [], "targets": []}')
    ran = run("check", "--replay", str(saved))
    assert ran.code == exits.NOTHING_JUDGED
    assert ran.out.startswith("Nothing could be judged")


def test_a_report_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    saved = tmp_path / "seen.json"
    saved.write_text('{"schema": 1, "observations": [], "failures": [], "targets": []}')
    ran = run("check", "--replay", str(saved), "-o", str(tmp_path / "missing" / "x"))
    assert ran.code == exits.USAGE
    assert "cannot be written" in ran.err


def test_the_report_goes_to_a_file(tmp_path: Path) -> None:
    saved, report = tmp_path / "seen.json", tmp_path / "report.json"
    saved.write_text('{"schema": 1, "observations": [], "failures": [], "targets": []}')
    ran = run("check", "--replay", str(saved), "--format", "json", "-o", str(report))
    assert ran.out == ""
    assert report.read_text().startswith("{")


def test_closed_streams_are_no_fault(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    program = "import sys; from regdoctor.cli import main; sys.exit(main())"
    script = f"{sys.executable} -c '{program}' build {missing} 0<&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], check=False).returncode == 2
