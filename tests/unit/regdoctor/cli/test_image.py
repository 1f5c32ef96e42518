"""The group of commands about images, and what they refuse before anything is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from regdoctor.cli import exits
from tests.fixtures.checked import run


def test_the_group_lists_its_commands() -> None:
    ran = run("image", "--help")
    assert ran.code == exits.CLEAN
    for command in ("ls", "inspect", "push", "rm", "save"):
        assert f"\n  {command} " in ran.out


@pytest.mark.parametrize("command", ["ls", "inspect", "push", "rm", "save"])
def test_every_command_has_two_examples(command: str) -> None:
    ran = run("image", command, "--help")
    assert ran.code == exits.CLEAN
    assert ran.out.count(f"  regdoctor image {command}") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("shrink",), "shrink"),
        (("ls", "--format", "yaml"), "choose table or json"),
        (("inspect",), "NAME"),
        (("inspect", "--raw", "a", "b"), "give one name"),
        (("rm",), "give names, or --all"),
        (("rm", "--all", "a"), "give names, or --all"),
        (("push", "a", "a/UPPER"), "must be lowercase"),
        (("push", "a", "--ca", "/nonexistent.pem"), "nonexistent.pem"),
        (("push", "a", "--as", "wget"), "--as wget"),
        (("push", "a", "-q", "--progress", "tty"), "cannot be used together"),
        (("save", "a", "--format", "zip"), "choose docker or oci"),
        (("save", "a", "--platform", "a/b/c/d"), "a/b/c/d"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ran = run("image", *arguments, "--root", str(tmp_path))
    assert ran.code == exits.USAGE
    assert ran.out == ""
    assert said in ran.err


def test_listing_needs_no_engine_and_no_network() -> None:
    code = (
        "import sys, os; os.environ['REGDOCTOR_ROOT'] = '/nonexistent'\n"
        "sys.argv = ['regdoctor', 'image', 'ls']\n"
        "from regdoctor.cli import main; assert main() == 0\n"
        "for name in ('httpx', 'builder.api', 'builder.ops', 'pydantic'):\n"
        "    assert name not in sys.modules, name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
