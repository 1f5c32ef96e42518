"""nexus-oci-media-types-before-3.71."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.push import errors, push_seen, said, stored

CODE = "nexus-oci-media-types-before-3.71"


NO = said("PUT", 400, body=errors("MANIFEST_INVALID"))
NAMED = answer("GET", "/v2/", 200, ("Server", "Nexus/3.22.1-02 (OSS)"))


@pytest.mark.parametrize(
    ("kinds", "breaks"),
    [
        (("oci-image", "artifact"), ("buildkit", "containerd", "helm")),
        (("attested-index",), ("buildkit", "containerd", "helm")),
        (("artifact",), ("helm",)),
    ],
)
def test_fires_by_what_is_taken_and_what_is_not(
    kinds: tuple[str, ...], breaks: tuple[str, ...]
) -> None:
    findings = found(push_seen(stored(dict.fromkeys(kinds, NO)), ping=NAMED))
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == breaks
    assert any("Nexus 3.22" in each.fact for each in findings[CODE].evidence)


def test_quiet_for_an_old_version_that_takes_all() -> None:
    assert found(push_seen(ping=NAMED)) == {}


def test_quiet_for_another_registry_and_where_docker_is_refused_too() -> None:
    assert CODE not in found(push_seen(stored({"oci-image": NO})))
    both = dict.fromkeys(("oci-image", "docker-image"), NO)
    assert CODE not in found(push_seen(stored(both), ping=NAMED))
