"""Sizes and times in tables."""

from __future__ import annotations

from datetime import UTC, datetime


def size(size: float) -> str:
    """Decimal units, as docker shows sizes."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.4g}{unit}"
        size /= 1000
    return f"{size:.4g}TB"


def moment(seconds: float) -> str:
    """``seconds`` since the epoch, as RFC 3339 has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
