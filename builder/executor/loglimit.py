"""BuildKit's limits on what a step may write: 2 MiB in all and 200 KiB a second, per stream."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping

from builder.executor.types import Output

MAX_SIZE = 2 * 1024 * 1024
MAX_SPEED = 200 * 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class LimitedOutput:
    """Passes output on until a limit is reached, then says so once instead.

    ``-1`` in ``BUILDKIT_STEP_LOG_MAX_SIZE`` or ``BUILDKIT_STEP_LOG_MAX_SPEED`` lifts a limit.
    """

    def __init__(
        self,
        output: Output,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._max_size = _limit(environ, "BUILDKIT_STEP_LOG_MAX_SIZE", MAX_SIZE)
        self._max_speed = _limit(environ, "BUILDKIT_STEP_LOG_MAX_SPEED", MAX_SPEED)
        self._clock = clock
        self._started = clock()
        self._written: dict[int, int] = {}
        self._clipping: dict[int, bool] = {}

    def __call__(self, stream: int, data: bytes) -> None:
        before = self._written.get(stream, 0)
        self._written[stream] = before + len(data)
        limit, reason = self._allowance()
        room = len(data) if limit < 0 else max(0, min(len(data), limit - before))
        kept = data[:room]
        if room == len(data):
            self._clipping[stream] = False
        elif not self._clipping.get(stream):
            self._clipping[stream] = True
            kept += f"\n[output clipped, log limit {reason} reached]\n".encode()
        if kept:
            self._output(stream, kept)

    def _allowance(self) -> tuple[int, str]:
        """Bytes that a stream may have written by now (-1: any), and the limit's name."""
        limit, reason = -1, ""
        if self._max_speed >= 0:
            seconds = max(1, math.ceil(self._clock() - self._started))
            limit, reason = seconds * self._max_speed, f"{_size(self._max_speed)}/s"
        if self._max_size >= 0 and (limit < 0 or limit > self._max_size):
            limit, reason = self._max_size, _size(self._max_size)
        return limit, reason


def _limit(environ: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(environ[name], 10)
    except (KeyError, ValueError):
        return default


def _size(number: int) -> str:
    value, unit = float(number), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:g}{_UNITS[unit]}"
