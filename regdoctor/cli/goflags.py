"""Flags in the spellings of Go's programs: ``--pull=true``, ``-q=false``, ``-f=Dockerfile``.

Command lines and scripts written for docker use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer
import typer.core

from builder.oci.gobool import parse_bool


class GoFlagsCommand(typer.core.TyperCommand):
    """A command that takes them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        options: dict[str, bool] = {}
        canonical: dict[str, str] = {}
        for param in self.get_params(ctx):
            if param.param_type_name == "option":
                for name in param.opts:
                    options[name] = bool(getattr(param, "is_flag", False))
                    canonical[name] = param.opts[0]
        return super().parse_args(ctx, rewritten(args, options, canonical))


def rewritten(
    args: Iterable[str], options: Mapping[str, bool], canonical: Mapping[str, str] | None = None
) -> list[str]:
    """``args`` as our own parser reads them.

    ``options`` tells of each name whether it is a switch. Of a switch that is given more than
    once the last counts; ``canonical`` joins its names. Raises ``typer.BadParameter``.
    """
    out: list[str] = []
    switches: dict[str, tuple[str, bool]] = {}
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            out.append(arg)
            break
        name, equals, value = arg.partition("=")
        if options.get(name):
            switches[(canonical or {}).get(name, name)] = name, not equals or _boolean(name, value)
        elif name in options:
            if equals and not name.startswith("--"):
                out += [name, value]
            else:
                out.append(arg)
                if not equals:
                    out += [each for each in [next(rest, None)] if each is not None]
        else:
            out.append(arg)
    asked = [name for name, wanted in switches.values() if wanted]
    return [*asked, *out, *rest]


def _boolean(name: str, value: str) -> bool:
    told = parse_bool(value)
    if told is not None:
        return told
    raise typer.BadParameter(f'invalid argument "{value}" for "{name}": true or false is expected')
