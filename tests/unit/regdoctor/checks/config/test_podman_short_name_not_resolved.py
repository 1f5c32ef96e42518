"""podman-short-name-not-resolved."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "podman-short-name-not-resolved"


def told(text: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("podman",)))
    seen.add(HOST, ClientOutput(text, "podman"))
    return seen


def test_fires_for_the_words_of_the_client() -> None:
    finding = found(
        told(
            'Error: short-name "helloworld" did not resolve to an alias and '
            "no unqualified-search registries are defined in "
            '"/etc/containers/registries.conf"'
        )
    )[CODE]
    assert finding.confidence == "certain"
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(told("x509: certificate has expired or is not yet valid"))
    assert CODE not in found(told("denied: requested access to the resource is denied"))
