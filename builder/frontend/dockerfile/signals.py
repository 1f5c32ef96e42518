"""STOPSIGNAL values: Linux signals by number or name."""

from __future__ import annotations

import re

from builder.frontend.dockerfile.errors import DockerfileError

_NAMES = frozenset(
    (
        *("ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT"),
        *("KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM"),
        *("TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU"),
        *("XFSZ", "RTMIN", "RTMAX"),
        *(f"RTMIN+{n}" for n in range(1, 16)),
        *(f"RTMAX-{n}" for n in range(1, 15)),
    )
)


def check_signal(text: str) -> None:
    """Raises DockerfileError where ``text`` names no signal."""
    if re.fullmatch(r"[+-]?\d{1,40}", text, re.ASCII) and abs(int(text)) < 1 << 63:
        if int(text) == 0:
            raise DockerfileError(f"invalid signal: {text}")
        return
    if text.upper().removeprefix("SIG") not in _NAMES:
        raise DockerfileError(f"invalid signal: {text}")
