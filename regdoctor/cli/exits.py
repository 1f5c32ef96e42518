"""Exit codes, one meaning each."""

from __future__ import annotations

CLEAN = 0
FINDINGS = 1
USAGE = 2
OWN_FAULT = 3
NOTHING_JUDGED = 4
INTERRUPTED = 130
BROKEN_PIPE = 141
"""As a shell shows a program that SIGPIPE ended: what was found was not all told."""
