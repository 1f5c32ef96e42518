"""kaniko-insecure-flags-split-push-pull."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "kaniko-insecure-flags-split-push-pull"


@pytest.mark.parametrize(
    "line",
    [
        (
            "error checking push permissions -- make sure you entered the correct tag name: "
            'checking push permission for "r.example/a:1": Get "https://r.example/v2/": tls: '
            "failed to verify certificate: x509: certificate signed by unknown authority"
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
            "error checking push permissions -- make sure you entered the correct tag name: "
            'checking push permission for "r.example/a:1": UNAUTHORIZED: authentication '
            "required"
        ),
    ],
)
def test_quiet_where_the_push_is_not_allowed(line: str) -> None:
    assert CODE not in told(line)
