"""helm-oci-plain-http-and-tls-flags."""

from __future__ import annotations

import pytest

from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import found, registry_seen

CODE = "helm-oci-plain-http-and-tls-flags"
HTTP = "http: server gave HTTP response to HTTPS client"


@pytest.mark.parametrize(
    "line",
    [
        f'Error: failed to do request: Head "https://10.0.0.1:5000/v2/c/blobs/sha256:1": {HTTP}',
        "Error: unknown flag: --plain-http",
    ],
)
def test_fires_for_what_was_printed(line: str) -> None:
    seen = registry_seen()
    seen.add(HOST, ClientOutput(f"some text before\n{line}\n"))
    assert CODE in found(seen)


@pytest.mark.parametrize(
    "line",
    [
        f'Get "https://10.0.0.1:5000/v2/": {HTTP}',
        "x509: certificate signed by unknown authority",
    ],
)
def test_quiet_for_what_only_looks_like_it(line: str) -> None:
    seen = registry_seen()
    seen.add(HOST, ClientOutput(line))
    assert CODE not in found(seen)
