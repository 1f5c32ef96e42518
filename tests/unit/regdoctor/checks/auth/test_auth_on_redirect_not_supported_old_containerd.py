"""auth-on-redirect-not-supported-old-containerd."""

from __future__ import annotations

from regdoctor.observations.auth import ManifestElsewhere
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, answer, found, manifest_answer, manifest_seen
from tests.fixtures.scenes.auth import bearer, codes

CODE = "auth-on-redirect-not-supported-old-containerd"
OTHER = "https://other.example"
NAME = "team/app:1.0"


def redirected(status: int) -> Observations:
    head = manifest_answer("HEAD", 307, ("Location", f"{OTHER}/v2/team/app/manifests/1.0"))
    seen = manifest_seen(head, None, error="authorization failed")
    there = answer("HEAD", "/v2/team/app/manifests/1.0", status, bearer(), endpoint=OTHER)
    seen.add(HTTPS, ManifestElsewhere(there), name=NAME)
    return seen


def test_fires_where_the_other_registry_wants_a_token_of_its_own() -> None:
    findings = found(redirected(401))
    assert set(findings) == {CODE}
    assert "other.example" in findings[CODE].title
    assert findings[CODE].breaks == ("containerd", "regdoctor")


def test_quiet_where_it_says_something_else() -> None:
    assert CODE not in codes(redirected(500))
