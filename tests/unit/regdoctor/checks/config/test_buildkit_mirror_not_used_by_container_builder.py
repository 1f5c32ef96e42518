"""buildkit-mirror-not-used-by-container-builder."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "buildkit-mirror-not-used-by-container-builder"


def told(text: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("buildkit",)))
    seen.add(HOST, ClientOutput(text, "buildkit"))
    return seen


def test_fires_for_the_words_of_the_client() -> None:
    finding = found(
        told(
            "ERROR: Error response from daemon: toomanyrequests: You have "
            "reached your pull rate limit."
        )
    )[CODE]
    assert finding.confidence == "possible"
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(told("x509: certificate has expired or is not yet valid"))
    assert CODE not in found(told("denied: requested access to the resource is denied"))
