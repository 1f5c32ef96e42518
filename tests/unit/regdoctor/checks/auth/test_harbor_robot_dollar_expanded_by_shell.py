"""harbor-robot-dollar-expanded-by-shell."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, login_refused

CODE = "harbor-robot-dollar-expanded-by-shell"


@pytest.mark.parametrize("user", ["robot", "robot+ci"])
def test_fires_for_what_a_shell_leaves_of_a_robots_name(user: str) -> None:
    findings = found(login_refused(user, service="harbor-registry"))
    assert set(findings) == {CODE}
    assert "'robot$PROJECT+NAME'" in findings[CODE].fixes[0].commands[0]


def test_quiet_for_whole_names_and_at_other_registries() -> None:
    assert CODE not in codes(login_refused("robot$ci", service="harbor-registry"))
    assert codes(login_refused("robots", service="harbor-registry")) == {"credentials-rejected"}
    assert codes(login_refused("robot")) == {"credentials-rejected"}
