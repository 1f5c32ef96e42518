"""mirror-rewrite-token-with-two-scopes."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.observations.auth import GrantedScopes
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, WRITTEN, found, manifest_answer
from tests.fixtures.scenes.auth import bearer, codes, refused

CODE = "mirror-rewrite-token-with-two-scopes"
ASKED = ("repository:team/app:pull", "repository:zone/team/app:pull")
LOOKED = GrantedScopes(
    "team/app", ASKED, readable=False, own=ASKED[1], alone=manifest_answer("GET", 200)
)


def mirrored(scopes: GrantedScopes) -> Observations:
    seen = refused(401, challenge=bearer())
    origins, asked_by = ("config.toml",), ("regdoctor",)
    role = Role("mirror", ("origin.example",), WRITTEN, origins, asked_by)
    seen.add(HTTPS, role)
    seen.add(HTTPS, scopes)
    return seen


def test_fires_where_the_registrys_own_scope_alone_opens_the_image() -> None:
    findings = found(mirrored(LOOKED))
    assert set(findings) == {CODE}
    assert ASKED[1] in findings[CODE].title
    assert findings[CODE].breaks == ("regdoctor",)


def test_quiet_where_that_is_refused_as_well() -> None:
    refusal = manifest_answer("GET", 401)
    assert CODE not in codes(mirrored(replace(LOOKED, alone=refusal)))
    assert CODE not in codes(mirrored(replace(LOOKED, alone=None)))
