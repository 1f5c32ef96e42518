"""Flags as scripts for docker spell them."""

from __future__ import annotations

import pytest
import typer

from regdoctor.cli.goflags import rewritten

OPTIONS = {
    **dict.fromkeys(("--pull", "-q", "--quiet"), True),
    **dict.fromkeys(("-f", "--file", "--build-arg"), False),
}
CANONICAL = {"--pull": "--pull", "-q": "-q", "--quiet": "-q"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("--pull .", "--pull ."),
        ("--pull=true .", "--pull ."),
        ("--pull=1 .", "--pull ."),
        ("--pull=false .", "."),
        ("--pull --pull=F .", "."),
        ("--pull=false --pull .", "--pull ."),
        ("-q=true --quiet=false .", "."),
        ("-f=Dockerfile .", "-f Dockerfile ."),
        ("-f Dockerfile .", "-f Dockerfile ."),
        ("-fDockerfile .", "-fDockerfile ."),
        ("--file=a=b .", "--file=a=b ."),
        ("--build-arg --pull=true .", "--build-arg --pull=true ."),
        ("--build-arg=x=-f=y .", "--build-arg=x=-f=y ."),
        (". --pull=true", "--pull ."),
        ("-- --pull=true", "-- --pull=true"),
        ("--nope=true .", "--nope=true ."),
        ("--file", "--file"),
    ],
)
def test_a_command_line_of_docker_is_read(given: str, read: str) -> None:
    assert rewritten(given.split(), OPTIONS, CANONICAL) == read.split()


def test_a_switch_takes_true_and_false_only() -> None:
    with pytest.raises(typer.BadParameter, match='invalid argument "yes" for "--pull"'):
        rewritten(["--pull=yes"], OPTIONS, CANONICAL)
