"""What a token grants, as far as it can be read."""

from __future__ import annotations

import base64
import json

import pytest

from regdoctor.probes.auth import scopes_of
from tests.fixtures.registry.auth import jwt_of

SCOPES = ("repository:team/app:pull,push", "registry:catalog:*")


def test_a_jwt_names_what_it_grants() -> None:
    assert scopes_of(jwt_of(SCOPES)) == SCOPES
    assert scopes_of(jwt_of(())) == ()


def claims(document: object) -> str:
    coded = base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
    return f"x.{coded}.x"


@pytest.mark.parametrize(
    "value",
    ["", "opaque", "a.b", "a.b.c", claims([]), claims({}), claims({"access": "all"})],
)
def test_other_tokens_cannot_be_read(value: str) -> None:
    assert scopes_of(value) is None


def test_nonsense_in_the_claim_grants_nothing() -> None:
    assert scopes_of(claims({"access": [1, {"type": "repository", "actions": 7}]})) == ()
