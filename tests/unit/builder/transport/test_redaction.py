"""Nothing secret becomes evidence."""

import json

from hypothesis import given
from hypothesis import strategies as st

from builder.transport import redaction


def test_signed_queries_lose_their_values_and_the_protocols_own_keep_theirs() -> None:
    signed = "https://s3.example/blob?X-Amz-Signature=abcdef&X-Amz-Expires=600"
    assert "abcdef" not in redaction.url(signed)
    assert redaction.url(signed).startswith("https://s3.example/blob?X-Amz-Signature=REDACTED")
    plain = "https://auth.example/token?service=s&scope=repository%3Aa%3Apull"
    assert redaction.url(plain) == plain


def test_passwords_in_urls_are_hidden_as_go_hides_them() -> None:
    assert redaction.url("https://user:hunter2@h.example/x") == "https://user:xxxxx@h.example/x"


def test_credential_headers_keep_only_their_scheme() -> None:
    fields = redaction.headers(
        [
            ("Authorization", "Bearer abc"),
            ("proxy-authorization", "Basic abc"),
            ("Set-Cookie", "session=abc"),
            ("Location", "https://s.example/x?sig=abc"),
            ("Accept", "abc-not-secret"),
        ]
    )
    assert fields[0] == ("Authorization", "Bearer REDACTED")
    assert fields[1] == ("proxy-authorization", "Basic REDACTED")
    assert fields[2] == ("Set-Cookie", "REDACTED")
    assert fields[3] == ("Location", "https://s.example/x?sig=REDACTED")
    assert fields[4] == ("Accept", "abc-not-secret")


@given(st.sampled_from(["token", "access_token", "refresh_token", "id_token"]), st.text())
def test_token_bodies_are_redacted_whatever_the_token_is(name: str, value: str) -> None:
    secret = "s3cr3t" + value
    body = json.dumps({"expires_in": 60, name: secret, "scope": "x"}).encode()
    assert b"s3cr3t" not in redaction.body(body)
    assert json.loads(redaction.body(body))["scope"] == "x"


def test_a_token_cut_off_by_the_excerpts_end_is_redacted_too() -> None:
    assert redaction.body(b'{"token":"abcdef') == b'{"token":"REDACTED"'


def test_the_realm_of_a_challenge_keeps_its_address_alone() -> None:
    field = 'Bearer realm="https://user:hunter2@auth.example/token?sig=abc&scope=a",service="s"'
    ((_, value),) = redaction.headers([("WWW-Authenticate", field)])
    assert "hunter2" not in value
    assert "abc" not in value
    assert value.startswith('Bearer realm="https://user:xxxxx@auth.example/token?sig=REDACTED')
    assert value.endswith('scope=a",service="s"')
    name = 'Basic realm="Sonatype Nexus Repository Manager"'
    assert redaction.headers([("Www-Authenticate", name)]) == (("Www-Authenticate", name),)
