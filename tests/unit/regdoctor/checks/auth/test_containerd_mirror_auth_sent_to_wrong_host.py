"""containerd-mirror-auth-sent-to-wrong-host."""

from __future__ import annotations

from regdoctor.observations.auth import ContainerdLogins
from regdoctor.observations.store import Observations
from tests.fixtures.scenes import HTTPS, WRITTEN, found, registry_seen
from tests.fixtures.scenes.auth import basic, bearer, challenged, codes, logins

CODE = "containerd-mirror-auth-sent-to-wrong-host"
PATH = "/etc/containerd/config.toml"
MIRRORS = (("origin.example", HTTPS),)


def on_a_node(seen: Observations, *keys: str) -> Observations:
    return logins(seen, containerd=ContainerdLogins(PATH, MIRRORS, keys))


def test_fires_for_a_mirror_that_wants_the_login_kept_under_its_origin() -> None:
    findings = found(on_a_node(challenged(basic()), "origin.example"))
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == ("containerd",)
    assert f'configs."{WRITTEN}".auth' in findings[CODE].fixes[0].files[0].diff


def test_quiet_with_a_login_of_the_mirrors_own_or_none_at_all() -> None:
    assert codes(on_a_node(challenged(basic()), "origin.example", WRITTEN)) == set()
    assert codes(on_a_node(challenged(basic()))) == set()


def test_quiet_for_a_mirror_that_serves_everybody() -> None:
    assert codes(on_a_node(registry_seen(), "origin.example")) == set()
    assert codes(on_a_node(challenged(bearer()), "origin.example")) == set()
