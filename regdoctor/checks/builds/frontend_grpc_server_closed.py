"""The external frontend ended before it answered."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "frontend-grpc-server-closed",
    "the container of the external frontend started and died",
    ("frontend grpc server closed unexpectedly",),
    question="what does the builder's log say of that container, and does the build pass "
    "without # syntax=?",
    confidence="certain",
    clients=("buildkit", "docker"),
)
