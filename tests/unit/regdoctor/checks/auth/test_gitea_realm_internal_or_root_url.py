"""gitea-realm-internal-or-root-url."""

from __future__ import annotations

from regdoctor.observations.network import Resolution
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import bearer, challenged, codes

CODE = "gitea-realm-internal-or-root-url"
REALM = "http://gitea:3000"


def sent_to(realm: str, service: str, fault: str = "no-such-host") -> Observations:
    seen = challenged(bearer(service, f"{realm}/v2/token"))
    seen.add(realm, Resolution("gitea", fault=fault, text="no such host"))  # type: ignore[arg-type]
    return seen


def test_fires_for_a_name_that_only_gitea_knows() -> None:
    findings = found(sent_to(REALM, "container_registry"))
    assert set(findings) == {CODE}
    assert findings[CODE].subject == "gitea:3000"
    assert "ROOT_URL" in findings[CODE].fixes[0].title


def test_quiet_for_other_registries_and_a_realm_that_resolves() -> None:
    assert codes(sent_to(REALM, "registry")) == {"token-realm-wrong-port-or-host"}
    assert codes(sent_to(REALM, "container_registry", "")) <= {
        "token-realm-rejected-private-address"
    }
