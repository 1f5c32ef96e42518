"""What a Nexus tells of the port that was asked, where no docker repository answers there."""

from __future__ import annotations

from dataclasses import dataclass

from regdoctor.observations.http import Answer


@dataclass(frozen=True, slots=True)
class NexusPort:
    """``status``: GET of ``/service/rest/v1/status``, which the port of the user interface
    answers since 3.15. ``routed``: GET of ``/repository/NAME/v2/``, NAME being the first part
    of an image that was asked for (``repository``; empty, and no answer, for none)."""

    status: Answer
    repository: str = ""
    routed: Answer | None = None

    @property
    def there(self) -> bool:
        """A docker repository of that name is behind the port."""
        return self.routed is not None and (
            self.routed.status == 401 or (self.routed.ok and not self.routed.html)
        )
