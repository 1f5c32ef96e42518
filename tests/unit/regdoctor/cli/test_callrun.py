"""Questions about a Dockerfile, as flags and as a user sees the answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from regdoctor.cli import exits, main
from regdoctor.cli.callrun import Call, read_call
from regdoctor.cli.faults import UsageError
from tests.fixtures.checked import REPOSITORY

GOOD = 'FROM scratch AS app\nENV A=b\nCMD ["x"]\n'
REMARKED = "FROM scratch as app\nCMD x\n"
BROKEN = "FROM scratch as app\nFOO x\n"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("check", Call("lint")),
        ("lint", Call("lint")),
        ("outline,format=json", Call("outline", json=True)),
        ("check,ignorestatus", Call("lint", ignore_status=True)),
        ("check,ignorestatus=false,format=text", Call("lint")),
        ("frontend.targets", Call("targets")),
    ],
)
def test_a_call_is_a_question_and_options(text: str, call: Call) -> None:
    assert read_call(text) == call


@pytest.mark.parametrize("text", ["", "nothing", "check,format=xml", "check,x", "check,"])
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--call="):
        read_call(text)


class Asked(Protocol):
    """The exit status of ``regdoctor build`` with ``flags``."""

    def __call__(self, dockerfile: str, *flags: str) -> int: ...


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    def ask(dockerfile: str, *flags: str) -> int:
        (tmp_path / "Dockerfile").write_text(dockerfile)
        root = str(tmp_path / "state")
        line = ["regdoctor", "build", "--progress=none", "--root", root, *flags, str(tmp_path)]
        monkeypatch.setattr("sys.argv", line)
        return main()

    return ask


@pytest.mark.parametrize(
    ("dockerfile", "flags", "status"),
    [
        (GOOD, ("--check",), exits.CLEAN),
        (REMARKED, ("--check",), exits.FINDINGS),
        (REMARKED, ("--call=check,ignorestatus",), exits.CLEAN),
        (BROKEN, ("--check",), exits.FINDINGS),
        (REMARKED, ("--call=outline",), exits.CLEAN),
        (BROKEN, ("--call=outline",), exits.FINDINGS),
    ],
)
def test_the_status_says_whether_there_is_something_to_say(
    asked: Asked, dockerfile: str, flags: tuple[str, ...], status: int
) -> None:
    assert asked(dockerfile, *flags) == status


def test_warnings_go_out_and_the_error_goes_to_the_error(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(BROKEN, "--check")
    told = capsys.readouterr()
    assert told.out.startswith("Check complete, 1 warning has been found!\n\nWARNING: FromAsCasing")
    assert told.err.startswith("dockerfile parse error on line 2: unknown instruction: FOO")
    assert "   2 | >>> FOO x\n" in told.err


def test_a_quiet_check_says_so(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked(GOOD, "--check")
    assert capsys.readouterr().out == "Check complete, no warnings found.\n"


def test_json_has_the_error_with_the_warnings(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(BROKEN, "--call=check,format=json")
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["warnings"][0]["ruleName"] == "FromAsCasing"
    assert document["buildError"]["message"].startswith("dockerfile parse error on line 2")
    assert told.err == ""


def test_the_graph_is_json_always(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked("FROM scratch\nCOPY a /b\n", "--call=convertllb")
    document = json.loads(capsys.readouterr().out)
    assert [*document] == ["def", "metadata", "source"]
    assert any("file" in op for op in document["def"].values())


def test_nothing_is_built_and_no_privilege_is_needed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert asked("FROM scratch\nRUN x\n", "--call=targets") == exits.CLEAN


def test_a_question_loads_nothing_that_only_builds_or_talks_to_registries(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a /b\n")
    code = (
        "import sys; from regdoctor.cli import main; main();"
        "heavy=('builder.api.plan','builder.attest.provenance','builder.engine.local',"
        "'builder.executor.runtime','builder.exporters.export','builder.ops.execop','h11',"
        "'httpcore');"
        "print([m for m in sys.modules if m.startswith(heavy)], file=sys.stderr)"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, "build", "--progress=none"),
            *("--root", str(tmp_path / "state"), "--call=convertllb", str(tmp_path)),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"
