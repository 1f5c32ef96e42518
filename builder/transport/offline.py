"""A transport that asks nobody, for builds that must not touch a network."""

from __future__ import annotations

from typing import Any

from builder.errors import BuilderError
from builder.transport import redaction
from builder.transport.transport import Transport


class OfflineError(BuilderError):
    """Something that only a network could give; ``url`` is what would have been asked."""

    def __init__(self, method: str, url: str) -> None:
        super().__init__(
            f"offline: {method} {redaction.url(url)} was not sent",
            hint="build once without --offline, so that the store has it",
        )
        self.url = redaction.url(url)


class OfflineTransport(Transport):
    """Raises OfflineError for every request."""

    def stream(self, method: str, url: str, **_: Any) -> Any:
        """Raises OfflineError."""
        raise OfflineError(method, url)
