"""k8s-image-pull-secret-wrong-namespace-or-missing."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, told

CODE = "k8s-image-pull-secret-wrong-namespace-or-missing"


@pytest.mark.parametrize(
    "line",
    [
        (
            'Failed to pull image "registry.example/team/app:1": rpc error: code = Unknown '
            'desc = failed to resolve reference "registry.example/team/app:1": pulling '
            "from host registry.example failed with status code [manifests 1]: 401 "
            "Unauthorized"
        ),
        (
            'Failed to pull image "registry.example/team/app:1": failed to authorize: '
            "authorization failed: no basic auth credentials"
        ),
    ],
)
def test_fires_on_what_clients_print(line: str) -> None:
    findings = found(told(line, "kubernetes"))
    assert set(findings) == {CODE}
    assert findings[CODE].evidence[0].fact == line
    assert findings[CODE].fixes


@pytest.mark.parametrize(
    "line",
    [
        (
            'Failed to pull image "registry.example/team/app:1": pulling from host '
            "registry.example failed with status code [manifests 1]: 500 Internal Server "
            "Error"
        ),
        (
            "ctr: pulling from host registry.example failed with status code [manifests "
            "1]: 401 Unauthorized"
        ),
    ],
)
def test_quiet_on_what_is_said_of_other_faults(line: str) -> None:
    assert CODE not in codes(told(line))
