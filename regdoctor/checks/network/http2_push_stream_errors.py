"""A load balancer ends the HTTP/2 connection on which a client is uploading."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "http2-push-stream-errors",
    "the server, or a load balancer before it, ends HTTP/2 connections under the client",
    (
        "http2: server sent GOAWAY and closed the connection",
        "http2: Transport received Server's graceful shutdown GOAWAY",
        "stream error: stream ID *; INTERNAL_ERROR",
    ),
    question="does the same push get through over HTTP/1.1?",
    clients=("docker", "buildkit", "kaniko", "crane"),
    products=("nginx", "proxy"),
    symptoms=("a push fails with HTTP 426 Upgrade Required",),
)
