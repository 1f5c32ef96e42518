"""blob-redirect-signature-or-auth-forwarded."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.images import STORAGE, asked_seen, storage_seen

CODE = "blob-redirect-signature-or-auth-forwarded"
XML = "<Error><Code>{}</Code></Error>"


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "RequestTimeTooSkewed", "AccessDenied"])
def test_fires_for_what_object_storage_says_of_a_signature(code: str) -> None:
    refused = answer("GET", "/bucket/object", 403, endpoint=STORAGE, body=XML.format(code))
    codes = found(storage_seen(refused, error="denied"))
    assert set(codes) == {CODE}
    assert code in codes[CODE].title


def test_fires_where_the_blob_comes_without_the_login() -> None:
    refused = answer("GET", "/bucket/object", 400, endpoint=STORAGE)
    seen = storage_seen(refused, error="400", login=True)
    asked_seen(seen, "blob-without-login", answer(endpoint=STORAGE))
    finding = found(seen)[CODE]
    assert "regdoctor" in finding.breaks
    assert "podman" not in finding.breaks


def test_quiet_for_a_storage_that_does_not_mind() -> None:
    seen = storage_seen(answer(endpoint=STORAGE))
    asked_seen(seen, "blob-without-login", answer("GET", "/b", 400, endpoint=STORAGE))
    assert found(seen) == {}


def test_quiet_for_a_refusal_without_such_a_code() -> None:
    refused = answer("GET", "/bucket/object", 403, endpoint=STORAGE, body="<html>blocked")
    assert set(found(storage_seen(refused, error="denied"))) == {"blob-unexpected-answer"}
