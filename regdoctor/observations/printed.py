"""What a client printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientOutput:
    """A client's output or log, as text without terminal escapes, secrets redacted.

    ``client`` is a name of ``regdoctor.checks.protocol.EVERYBODY``, empty where nobody knows.
    """

    text: str
    client: str = ""
