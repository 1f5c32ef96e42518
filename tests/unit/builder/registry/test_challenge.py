"""Challenges as registries send them, odd ones too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.registry import challenge

REALM = "https://auth.example/token"


def only(*fields: str) -> challenge.Challenge:
    (found,) = challenge.parse(fields)
    return found


def test_a_bearer_challenge_has_realm_service_and_scopes() -> None:
    found = only(f'Bearer realm="{REALM}",service="svc",scope="repository:a/b:pull,push x:y:z"')
    assert (found.scheme, found.realm, found.service) == ("bearer", REALM, "svc")
    assert found.scopes == ("repository:a/b:pull,push", "x:y:z")


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer realm={REALM},service=svc",
        f"Bearer realm='{REALM}', service='svc'",
        f'bearer Realm = "{REALM}" , SERVICE="svc"',
        f'BEARER   realm="{REALM}",service="svc',
        f',, Bearer realm="{REALM}",,service="svc",',
        f'Bearer realm="{REALM}",service="svc",realm="https://second.example"',
    ],
)
def test_odd_quoting_blanks_and_commas_are_understood(text: str) -> None:
    found = only(text)
    assert (found.scheme, found.realm, found.service) == ("bearer", REALM, "svc")


def test_several_challenges_in_one_field_and_in_several_are_kept_in_order() -> None:
    one = f'Bearer realm="{REALM}",service="s", Basic realm="a, Bearer b"'
    found = challenge.parse([one, "Negotiate", 'Digest realm="x", nonce="y"'])
    assert [c.scheme for c in found] == ["bearer", "basic", "negotiate", "digest"]
    assert found[1].realm == "a, Bearer b"


def test_an_unquoted_scope_keeps_its_commas() -> None:
    found = only(f"Bearer realm={REALM},scope=repository:a:pull,push,service=svc")
    assert found.scopes == ("repository:a:pull,push",)
    assert found.service == "svc"


def test_backslashes_in_quoted_text_are_undone() -> None:
    assert only(r'Basic realm="a \"b\" \\ c"').realm == r'a "b" \ c'


def test_nexus_basic_in_capitals_and_a_missing_realm_are_challenges_too() -> None:
    assert only('BASIC realm="Sonatype Nexus Repository Manager"').scheme == "basic"
    assert only("Bearer").realm == ""


def test_an_error_says_why() -> None:
    assert only(f'Bearer realm="{REALM}",error="insufficient_scope"').error == "insufficient_scope"


@given(st.lists(st.text(), max_size=4))
def test_no_text_makes_the_parser_fail(fields: list[str]) -> None:
    for found in challenge.parse(fields):
        assert found.scheme == found.scheme.lower()


WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
VALUE = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=20)


@given(WORD, st.dictionaries(WORD.map(str.lower), VALUE, min_size=1, max_size=4))
def test_what_is_written_by_the_grammar_is_read_back(scheme: str, wanted: dict[str, str]) -> None:
    escaped = {k: v.replace("\\", "\\\\").replace('"', '\\"') for k, v in wanted.items()}
    text = scheme + " " + ", ".join(f'{k}="{v}"' for k, v in escaped.items())
    found = only(text)
    assert found.scheme == scheme.lower()
    assert dict(found.parameters) == wanted
