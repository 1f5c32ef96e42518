"""The pages about findings: shipped in the wheel, or those of the tree."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def directory() -> Path:
    """Where the pages are: beside the package when installed, in ``docs`` in a checkout."""
    shipped = _PACKAGE / "pages"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "docs" / "troubleshooting"


def codes() -> tuple[str, ...]:
    """The codes that have a page, sorted."""
    return tuple(sorted(path.stem for path in directory().glob("*.md") if path.stem != "README"))


def page(code: str) -> str:
    """The page about ``code``. Raises FileNotFoundError."""
    if code not in codes():
        raise FileNotFoundError(code)
    return _text(code)


def titles() -> dict[str, str]:
    """Of each code, the sentence under the heading of its page."""
    return {code: _title(_text(code)) for code in codes()}


def _text(code: str) -> str:
    return (directory() / f"{code}.md").read_text(encoding="utf-8")


def _title(text: str) -> str:
    lines = text.splitlines()
    return next((line.strip() for line in lines if line and not line.startswith("#")), "")
