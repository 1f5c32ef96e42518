"""The first way out that works, and a few connected namespaces kept for the next steps."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from builder.executor.network.bridge import Bridge
from builder.executor.network.types import Attachment, NetworkError, WayOut
from builder.executor.network.usermode import Pasta, Slirp

WAYS: Mapping[str, Callable[[Path], WayOut]] = {
    "bridge": lambda _: Bridge(),
    "pasta": Pasta,
    "slirp4netns": lambda _: Slirp(),
}
"""In the order of trying."""

_IDLE = 4


class WaysOut:
    """Lends connected namespaces. Methods block and may be called from several threads.

    A namespace is lent again after an ordinary step: no process outlives a step, and
    without CAP_NET_ADMIN a step cannot have changed its network.
    """

    def __init__(self, state: Path, names: Sequence[str] = tuple(WAYS)) -> None:
        self._untried = [WAYS[name](state) for name in names]
        self._way: WayOut | None = None
        self._idle: list[Attachment] = []
        self._lock = threading.Lock()
        self.refusals: list[str] = []

    @property
    def way(self) -> WayOut | None:
        """The one in use; None before the first ``lend`` and where none works."""
        return self._way

    def lend(self) -> Attachment | None:
        """A connected namespace, or None where no way works here (see ``refusals``)."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._way is None:
                return self._first()
            way = self._way
        return _attached(way)

    def take_back(self, attachment: Attachment, *, reuse: bool) -> None:
        with self._lock:
            if reuse and len(self._idle) < _IDLE:
                self._idle.append(attachment)
                return
        attachment.close()

    def close(self) -> None:
        with self._lock:
            for attachment in self._idle:
                attachment.close()
            self._idle.clear()
            if self._way is not None:
                self._way.close()

    def _first(self) -> Attachment | None:
        while self._untried:
            way = self._untried.pop(0)
            try:
                attachment = _attached(way)
            except NetworkError as error:
                self.refusals.append(str(error))
                with contextlib.suppress(OSError, NetworkError):
                    way.close()
                continue
            self._way = way
            return attachment
        return None


def _attached(way: WayOut) -> Attachment:
    """Raises NetworkError, never OSError."""
    try:
        return way.attach()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise NetworkError(f"{way.name}: {reason}") from error
