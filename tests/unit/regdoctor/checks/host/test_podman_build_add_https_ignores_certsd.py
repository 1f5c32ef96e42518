"""podman-build-add-https-ignores-certsd."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "podman-build-add-https-ignores-certsd"


@pytest.mark.parametrize(
    "line",
    [
        (
            'Error: building at STEP "ADD https://files.corp.example/x.tar /": get '
            '"https://files.corp.example/x.tar": tls: failed to verify certificate: x509: '
            "certificate signed by unknown authority"
        ),
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        (
            "Error: creating build container: initializing source docker://r.example/a:1: "
            "pinging container registry r.example: x509: certificate signed by unknown authority"
        ),
        'Error: building at STEP "ADD ./x /": no such file or directory',
    ],
)
def test_quiet_where_the_registry_of_the_base_image_is_not_trusted(line: str) -> None:
    assert CODE not in told(line)
