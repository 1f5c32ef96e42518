"""dockerhub-incorrect-username-or-password."""

from __future__ import annotations

from regdoctor.observations.auth import LoginEntry
from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import HUB, codes, login_file, login_refused

CODE = "dockerhub-incorrect-username-or-password"


def test_fires_and_says_what_looks_mistyped_without_showing_it() -> None:
    odd = ("ends with a line break",)
    entries = (LoginEntry(HUB, "password", "me@corp.example", oddities=odd),)
    findings = found(
        login_refused(service="registry.docker.io", file=login_file(entries=entries), key=HUB)
    )
    assert set(findings) == {CODE}
    facts = [each.fact for each in findings[CODE].evidence]
    assert any("e-mail address" in fact for fact in facts)
    assert "the password ends with a line break" in facts


def test_quiet_at_other_registries_and_for_a_refusal_that_is_no_401() -> None:
    assert codes(login_refused()) == {"credentials-rejected"}
    assert CODE not in codes(login_refused(status=403, service="registry.docker.io"))
