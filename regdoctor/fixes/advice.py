"""Short forms of fixes that a human does."""

from __future__ import annotations

from regdoctor.fixes.authority import added
from regdoctor.model.finding import FileChange, Fix


def server(title: str, *commands: str, files: tuple[FileChange, ...] = ()) -> Fix:
    """What only who runs the server, or what stands before it, can do."""
    return Fix("server", title, "manual", commands, files)


def manual(client: str, title: str, *commands: str, files: tuple[FileChange, ...] = ()) -> Fix:
    """What needs a decision, or a hand where we do not reach."""
    return Fix(client, title, "manual", commands, files)


def safe(client: str, title: str, *commands: str) -> Fix:
    """What changes nothing but what the finding is about."""
    return Fix(client, title, "safe", commands)


def nginx(*lines: str) -> FileChange:
    """Lines within the ``location /v2/`` of nginx before the registry."""
    inner = "\n".join(f"  {line}" for line in lines)
    return FileChange("nginx.conf", added(f"location /v2/ {{\n{inner}\n}}"))


def host_of(subject: str) -> str:
    """``host[:port]`` of a finding's subject, an image or a registry."""
    host, slash, _ = subject.partition("/")
    named = "." in host or ":" in host or host == "localhost"
    return host if (slash and named) or not slash else "docker.io"
