"""Nothing that a server sends can steer a terminal or a document."""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.render.safe import plain, xml


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("registry.example", "registry.example"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("Bücher, 日本", "Bücher, 日本"),
    ],
)
def test_what_is_not_visible_is_escaped(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_no_control_character_survives(text: str) -> None:
    assert all(unicodedata.category(char)[0] != "C" for char in plain(text))
    assert "\n" not in plain(text)


@given(st.text())
def test_xml_stays_well_formed(text: str) -> None:
    element = ET.fromstring(f'<a b="{xml(text)}">{xml(text)}</a>')
    assert element.text in (plain(text), None)
    assert element.get("b") == plain(text)
