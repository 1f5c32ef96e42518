"""http2-push-stream-errors: only what a client printed tells it."""

from __future__ import annotations

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "http2-push-stream-errors"
REAL = (
    "http2: server sent GOAWAY and closed the connection",
    "http2: Transport received Server's graceful shutdown GOAWAY",
    (
        'Patch "https://registry.example/v2/app/blobs/uploads/1": stream error: stream '
        "ID 5; INTERNAL_ERROR; received from peer"
    ),
)
OTHERS = (
    "http: server gave HTTP response to HTTPS client",
    'Head "https://registry.example/v2/": EOF',
)


def told(line: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("crane",)))
    seen.add(HOST, ClientOutput(f"#7 [2/3]\n{line}\n", "crane"))
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
