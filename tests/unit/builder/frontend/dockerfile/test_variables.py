"""What FROM lines see of variables, and a FROM of which nothing is left."""

from __future__ import annotations

import pytest

from builder.frontend.dockerfile import (
    BlankBaseError,
    ConvertOptions,
    parse,
    references,
    variables,
)


def test_arguments_before_the_first_stage_with_a_value_are_seen() -> None:
    file = parse(b"ARG A=1\nARG B=${A}2\nARG C\nARG D=\nFROM x\nARG E=5\n", "Dockerfile")
    seen = variables(file, ConvertOptions(build_args={"C": "given"}))
    assert (seen["A"], seen["B"], seen["C"], seen["D"]) == ("1", "12", "given", "")
    assert "E" not in seen
    assert "TARGETPLATFORM" in seen


def test_an_argument_without_a_value_is_not_there() -> None:
    assert "C" not in variables(parse(b"ARG C\nFROM x\n", "Dockerfile"), ConvertOptions())


def test_a_base_that_expands_to_nothing_says_what_it_was() -> None:
    file = parse(b"FROM a AS one\nFROM ${B}\n", "Dockerfile")
    with pytest.raises(BlankBaseError) as caught:
        references(file, ConvertOptions())
    assert caught.value.expression == "${B}"
    assert caught.value.ranges[0].start == 2
    assert str(caught.value) == "base name (${B}) should not be blank"
