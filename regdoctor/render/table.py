"""The formats by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from regdoctor.model.report import Report

FORMATS = ("text", "json", "markdown", "junit", "sarif")


def renderer(name: str) -> Callable[[Report], str]:
    """The function that renders as ``name``, one of FORMATS; its module is imported now."""
    module = importlib.import_module(f"regdoctor.render.{name}")
    render: Callable[[Report], str] = module.render
    return render
