"""reverse-proxy-to-registry-without-sni: only what a client printed tells it."""

from __future__ import annotations

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "reverse-proxy-to-registry-without-sni"
REAL = (
    ('upstream SSL certificate does not match "example.org" while SSL handshaking to upstream'),
)
OTHERS = (
    (
        "upstream SSL certificate verify error: (20:unable to get local issuer certific"
        "ate) while SSL handshaking to upstream"
    ),
    ("upstream prematurely closed connection while reading response header from upstream"),
)


def told(line: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("docker",)))
    seen.add(HOST, ClientOutput(f"#7 [2/3]\n{line}\n", "docker"))
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
