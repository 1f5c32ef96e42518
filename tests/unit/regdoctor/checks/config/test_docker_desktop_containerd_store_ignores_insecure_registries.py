"""docker-desktop-containerd-store-ignores-insecure-registries."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found

CODE = "docker-desktop-containerd-store-ignores-insecure-registries"


def told(text: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("docker",)))
    seen.add(HOST, ClientOutput(text, "docker"))
    return seen


def test_fires_for_the_words_of_the_client() -> None:
    finding = found(
        told(
            "failed to do request: Head "
            '"https://registry.example/v2/team/app/manifests/latest": tls: '
            "failed to verify certificate: x509: certificate signed by "
            "unknown authority"
        )
    )[CODE]
    assert finding.confidence == "possible"
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(told("x509: certificate has expired or is not yet valid"))
    assert CODE not in found(told("denied: requested access to the resource is denied"))
