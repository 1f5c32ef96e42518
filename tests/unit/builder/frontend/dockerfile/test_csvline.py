"""Lines of comma-separated values, and devices, which are written so."""

from __future__ import annotations

import pytest

from builder.frontend.dockerfile.csvline import fields
from builder.frontend.dockerfile.devices import parse_device
from builder.frontend.dockerfile.errors import ParseError
from builder.llb.ops import CDIDevice


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a", ["a"]),
        ("a,,b,", ["a", "", "b", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        ('""', [""]),
        ('"a\nb"', ["a\nb"]),
        ("a\n", ["a"]),
        ("a\r\n", ["a"]),
    ],
)
def test_a_line_is_split(line: str, found: list[str]) -> None:
    assert fields(line, "mounts") == found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "EOF"),
        ("\n", "EOF"),
        ('a"', 'parse error on line 1, column 2: bare " in non-quoted-field'),
        ('é,b"', 'parse error on line 1, column 5: bare " in non-quoted-field'),
        ('"a', 'parse error on line 1, column 2: extraneous or missing " in quoted-field'),
        ('"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'),
    ],
)
def test_a_line_that_is_none_is_refused_in_the_words_of_go(line: str, why: str) -> None:
    with pytest.raises(ParseError) as caught:
        fields(line, "mounts")
    assert str(caught.value) == f"failed to parse csv mounts: {why}"


@pytest.mark.parametrize(
    ("text", "name", "required"),
    [
        ("vendor.example/class=id", "vendor.example/class=id", False),
        ("vendor.example/class,required", "vendor.example/class", True),
        ("name=vendor.example/class=id,required=1", "vendor.example/class=id", True),
        ("required=false,Name=a", "a", False),
    ],
)
def test_a_device_has_a_name_and_may_be_required(text: str, name: str, required: bool) -> None:
    assert parse_device(text) == CDIDevice(name, optional=not required)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,name=b", "device name already set to a"),
        ("a,required=yes", "invalid value for required: yes"),
        ("a,b", "invalid field 'b' must be a key=value pair"),
        ("a,nam=b", "unexpected key 'nam' in 'nam=b' (did you mean name?)"),
    ],
)
def test_what_is_no_device_is_refused(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_device(text)
    assert str(caught.value) == message
