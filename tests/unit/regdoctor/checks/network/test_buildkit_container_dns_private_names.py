"""buildkit-container-dns-private-names: only what a client printed tells it."""

from __future__ import annotations

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "buildkit-container-dns-private-names"
REAL = (
    "wget: bad address 'my.company.com'",
    "dial tcp: lookup git.corp.example on 8.8.8.8:53: no such host",
)
OTHERS = (
    "dial tcp: lookup registry.example on 192.0.2.53:53: no such host",
    "wget: server returned error: HTTP/1.1 404 Not Found",
)


def told(line: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("buildkit",)))
    seen.add(HOST, ClientOutput(f"#7 [2/3]\n{line}\n", "buildkit"))
    return seen


@pytest.mark.parametrize("line", REAL)
def test_fires_on_what_was_printed(line: str) -> None:
    finding = found(told(line))[CODE]
    assert finding.confidence == "likely"
    assert finding.evidence[0].fact == line
    assert finding.fixes


@pytest.mark.parametrize("line", OTHERS)
def test_quiet_for_what_only_looks_like_it(line: str) -> None:
    assert CODE not in found(told(line))
