"""ecr-pull-through-cache-first-pull."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, told

CODE = "ecr-pull-through-cache-first-pull"


@pytest.mark.parametrize(
    "line",
    [
        (
            "Failed to pull image "
            '"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/library/busybox:1": '
            "failed to do request: Get "
            '"https://production.cloudflare.docker.com/registry-v2/blobs/sha256/1c/data": '
            "dial tcp: i/o timeout"
        ),
        "denied: authentication to the upstream registry failed",
    ],
)
def test_fires_on_what_clients_print(line: str) -> None:
    findings = found(told(line, "containerd"))
    assert set(findings) == {CODE}
    assert findings[CODE].evidence[0].fact == line
    assert findings[CODE].fixes


@pytest.mark.parametrize(
    "line",
    [
        (
            'Failed to pull image "docker.io/library/busybox:1": failed to do request: Get '
            '"https://production.cloudflare.docker.com/registry-v2/blobs/sha256/1c/data": '
            "dial tcp: i/o timeout"
        ),
        'Get "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/": dial tcp: i/o timeout',
    ],
)
def test_quiet_on_what_is_said_of_other_faults(line: str) -> None:
    assert CODE not in codes(told(line))
