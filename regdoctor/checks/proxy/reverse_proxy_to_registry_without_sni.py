"""nginx speaks TLS to the registry behind it, and does not name it."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "reverse-proxy-to-registry-without-sni",
    "a reverse proxy does not tell the registry behind it which name it wants (SNI)",
    (
        "upstream SSL certificate does not match",
        "SSL_do_handshake() failed * tlsv1 unrecognized name * while SSL handshaking to upstream",
    ),
    question="does the registry behind the proxy show another certificate to a client that "
    "names no host?",
    products=("nginx", "proxy"),
    symptoms=("nginx before a registry with TLS answers 502",),
)
