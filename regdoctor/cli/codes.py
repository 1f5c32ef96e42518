"""``regdoctor codes``: the findings, offline."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from regdoctor.cli import pages
from regdoctor.cli.faults import UsageError


def codes(
    code: Annotated[str, typer.Argument(help="Print the page about this finding.")] = "",
) -> None:
    """List the findings, or read one page about a finding. Needs no network.

    \b
    Examples:
      regdoctor codes
      regdoctor codes x509-missing-intermediate
    """
    if code:
        typer.echo(_page(code), nl=False)
        return
    known = pages.titles()
    width = max(map(len, known), default=0)
    typer.echo("\n".join(f"{each:<{width}}  {title}" for each, title in known.items()))


def _page(code: str) -> str:
    try:
        return pages.page(code)
    except FileNotFoundError:
        near = difflib.get_close_matches(code, pages.codes(), n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "regdoctor codes lists them all"
        raise UsageError(f"no finding has the code {code!r}", hint=hint) from None
