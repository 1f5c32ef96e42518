"""helm's flags for plain HTTP and for certificates, of which each command has its own."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "helm-oci-plain-http-and-tls-flags",
    "helm push and pull do not take over what helm registry login was told of TLS",
    (
        "failed to do request: Head *: http: server gave HTTP response to HTTPS client",
        "failed to do request: Head *: x509: * certificate is not trusted",
        "failed to do request: Head *: tls: failed to verify certificate",
        "unknown flag: --plain-http",
    ),
    question="was it helm that printed it, and does its version know --plain-http (3.13)?",
    confidence="possible",
    clients=("helm",),
)
