"""Headers of tables, wherever brackets stand; keys in other letters."""

from __future__ import annotations

import tomllib

import pytest

from regdoctor.clients.toml_tables import any_case, canonical, exact_or_upper, headers


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ('[host."https://m:5000"]\n', [("host", "https://m:5000")]),
        ("[ host . 'https://m' ] # [not.this]\n", [("host", "https://m")]),
        ("[a]\n[a.b]\r\n[c]", [("a",), ("a", "b"), ("c",)]),
        ('[a."[b]"]\n', [("a", "[b]")]),
        ("[[a]]\n[a.b]\n", [("a", "b")]),
        ("a = [\n  ['b'],\n  [\n 'c' ]\n]\n[d]\n", [("d",)]),
        ("a = {b = {c = [1]}}\n[d]\n", [("d",)]),
        ('a.b = """\n[c]\n\\""""\n[d]\n', [("d",)]),
        ("a = '''\n[c]\n'''\nb = '['\n  [d]\n", [("d",)]),
        ('a = "\\"["\n[d]\n', [("d",)]),
    ],
)
def test_only_headers_are_headers(text: str, names: list[tuple[str, ...]]) -> None:
    tomllib.loads(text)
    assert list(headers(text)) == names


def test_keys_are_taken_for_the_same_as_the_program_does() -> None:
    table = {"CA": 1, "Client": 2, "other": 3}
    known = {"ca", "client"}
    assert canonical(table, known, any_case) == {"ca": 1, "client": 2, "other": 3}
    assert canonical(table, known, exact_or_upper) == {"ca": 1, "Client": 2, "other": 3}


def test_the_exact_key_counts_before_another() -> None:
    assert canonical({"CA": 1, "ca": 2}, {"ca"}, any_case)["ca"] == 2
