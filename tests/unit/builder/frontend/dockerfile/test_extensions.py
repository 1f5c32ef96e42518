"""Variables in ``COPY --from``, off unless they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from builder.frontend.dockerfile import (
    ConvertOptions,
    DockerfileError,
    ResolvedImage,
    convert,
    parse,
    references,
)
from builder.oci.platform import Platform

LINUX = Platform("linux", "amd64")
FILE = """ARG STAGE=b
FROM scratch AS a
COPY 1 /
FROM scratch AS b
COPY 2 /
FROM scratch
{more}COPY --from={source} / /all/
"""


def graph(source: str, more: str = "", *, asked: bool = True, **args: str) -> tuple[bytes, ...]:
    text = FILE.format(source=source, more=more).encode()
    options = ConvertOptions(build_args=args, build_platforms=(LINUX,), copy_from_variables=asked)
    made = asyncio.run(convert(text, "Dockerfile", options, NoImages()))
    return made.definition.def_


class NoImages:
    """There is no registry."""

    async def resolve_image_config(self, *_: Any, **__: Any) -> ResolvedImage:
        raise AssertionError("nothing is asked for")


@pytest.mark.parametrize(
    ("source", "more", "args", "same_as"),
    [
        ("$STAGE", "", {}, "b"),
        ("${STAGE}", "", {"STAGE": "a"}, "a"),
        ("${STAGE:-a}", "", {}, "b"),
        ("$OWN", "ARG OWN=a\n", {}, "a"),
        ("$OWN", "ARG OWN=a\n", {"OWN": "b"}, "b"),
        ("$STAGE", "ARG STAGE=a\n", {}, "a"),
        ("$STAGE", "ARG STAGE\n", {}, "b"),
        ("$OWN", "ARG OWN=$STAGE\n", {}, "b"),
        ("$N", "ARG N=0\n", {}, "a"),
    ],
)
def test_a_variable_names_the_stage(
    source: str, more: str, args: Mapping[str, str], same_as: str
) -> None:
    assert graph(source, more, **args)[0] == graph(same_as, more, asked=False, **args)[0]


def test_they_are_refused_as_buildkit_refuses_them_unless_they_are_asked_for() -> None:
    with pytest.raises(DockerfileError) as refused:
        graph("$STAGE", asked=False)
    assert str(refused.value).startswith("variable expansion is not supported for --from")
    assert "--copy-from-variables" in refused.value.hint


@pytest.mark.parametrize("source", ["$NOTHERE", "x$NOTHERE", "${STAGE:+}"])
def test_a_variable_without_a_value_is_an_error_with_its_line(source: str) -> None:
    with pytest.raises(DockerfileError, match="has no value here") as refused:
        graph(source)
    assert refused.value.ranges[0].start == 7


def test_an_image_that_a_variable_names_is_known_before_the_build() -> None:
    text = b"ARG TOOLS=busybox:1\nFROM scratch\nCOPY --from=$TOOLS /bin /bin\n"
    options = ConvertOptions(build_platforms=(LINUX,), copy_from_variables=True)
    (use,) = references(parse(text), options)
    assert (use.reference, use.why) == ("busybox:1", "COPY --from")
