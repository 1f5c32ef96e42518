"""run-step-tls-interception."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "run-step-tls-interception"


@pytest.mark.parametrize(
    "line",
    [
        "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
        "#9 1.204 npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'",
    ],
)
def test_quiet_where_the_client_itself_does_not_trust_the_registry(line: str) -> None:
    assert CODE not in told(line)
