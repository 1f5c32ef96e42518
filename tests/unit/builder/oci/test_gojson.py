"""JSON as Go writes it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.oci import gojson


def test_json_is_compact_and_escaped_as_go_does() -> None:
    assert gojson.dumps({"b": "<a&b>", "a": ["\u2028", "é", 1, True, None]}) == (
        '{"b":"\\u003ca\\u0026b\\u003e","a":["\\u2028","é",1,true,null]}'.encode()
    )


def test_json_with_indent_has_no_final_newline() -> None:
    assert gojson.dumps({"a": [1], "b": {}}, indent=2) == b'{\n  "a": [\n    1\n  ],\n  "b": {}\n}'


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES, st.integers(1, 4))
def test_indented_json_is_laid_out_as_the_standard_library_does(value: Any, indent: int) -> None:
    plain = json.dumps(value, ensure_ascii=False, indent=indent)
    for character in "<>&\u2028\u2029":
        plain = plain.replace(character, f"\\u{ord(character):04x}")
    assert gojson.dumps(value, indent=indent).decode() == plain


def test_bytes_that_are_no_utf8_become_the_replacement_character() -> None:
    assert gojson.dumps(["\udcff<", "é"], indent=1) == '[\n "\ufffd\\u003c",\n "é"\n]'.encode()
    assert gojson.dumps("\udcff") == '"\ufffd"'.encode()


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused(number: float, indent: int | None) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        gojson.dumps({"a": [number]}, indent=indent)
