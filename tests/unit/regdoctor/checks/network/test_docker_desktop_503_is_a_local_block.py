"""docker-desktop-503-is-a-local-block: only what a client printed tells it."""

from __future__ import annotations

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "docker-desktop-503-is-a-local-block"
REAL = (
    ("Error response from daemon: Get https://registry-1.docker.io/v2/: Service Unavailable"),
    ('Get "https://production.cloudflare.docker.com/registry-v2/x": Service Unavailable'),
)
OTHERS = (
    (
        "unexpected status from HEAD request to https://registry.example/v2/a/manifests"
        "/1: 503 Service Unavailable"
    ),
    "received unexpected HTTP status: 502 Bad Gateway",
)


def told(line: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("docker",)))
    seen.add(HOST, ClientOutput(f"#7 [2/3]\n{line}\n", "docker-desktop"))
    return seen


@pytest.mark.parametrize("line", REAL)
def test_fires_on_what_was_printed(line: str) -> None:
    finding = found(told(line))[CODE]
    assert finding.confidence == "possible"
    assert finding.evidence[0].fact == line
    assert finding.fixes


@pytest.mark.parametrize("line", OTHERS)
def test_quiet_for_what_only_looks_like_it(line: str) -> None:
    assert CODE not in found(told(line))
