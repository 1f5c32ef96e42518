"""A program in a RUN step does not trust what it is shown."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "run-step-tls-interception",
    "a program in a RUN step does not trust the certificate that it is shown, though the "
    "pull succeeded",
    (
        "SSLError(SSLCertVerificationError",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "unable to access *: SSL certificate problem:",
        "curl: (60) SSL certificate problem",
        "Certificate verification failed: The certificate is NOT trusted",
    ),
    question="who issued the certificate that the step is shown: a public authority, or a "
    "box of your own network?",
    clients=("buildkit", "docker", "podman", "kaniko", "regdoctor"),
)
