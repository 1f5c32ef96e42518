"""The typer application: options of the whole tool, and commands imported when chosen."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from regdoctor.cli.commands import COMMANDS, Command
from regdoctor.cli.goflags import GoFlagsCommand

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Taken:
    """What typer makes of a parameter's value, without pydantic where that changes nothing: for
    texts, for paths (of which no command asks typer to check anything) and for what was not
    given. Loading it takes as long as all else in a command that only prints, and typer would
    for an unset ``--help``."""

    def __init__(self, parameter: Any) -> None:
        self._judge = parameter.get_runtime_param
        self._annotation = parameter.type_descriptor.annotation

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self._annotation is str and _is_text(value):
            return value
        if self._annotation is Path and _is_text(value):
            return Path(value)
        texts = self._annotation == list[str] and isinstance(value, list | tuple)
        if texts and all(map(_is_text, value)):
            return list(value)
        return self._judge().coerce(value, param=param, ctx=ctx)


def _is_text(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def _light(parameter: Any) -> Any:
    if "get_runtime_param" not in vars(parameter):
        taken = _Taken(parameter)
        parameter.get_runtime_param = lambda: taken
    return parameter


class LightCommand(GoFlagsCommand):
    """A command that loads pydantic for numbers only, and takes flags as Go's programs do."""

    def get_params(self, ctx: Any) -> Any:
        return [_light(each) for each in super().get_params(ctx)]


class LazyGroup(typer.core.TyperGroup):
    """Lists the commands from a table and imports one only to run it, or for its help."""

    rows: tuple[Command, ...] = COMMANDS

    def get_params(self, ctx: Any) -> Any:
        return [_light(each) for each in super().get_params(ctx)]

    def list_commands(self, ctx: Any) -> list[str]:
        return [each.name for each in _installed(self.rows)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        row = next((each for each in _installed(self.rows) if each.name == cmd_name), None)
        return None if row is None else _loaded(row)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """From the table: the list of commands needs none of their modules."""
        rows = [(each.name, each.help) for each in _installed(self.rows)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _installed(rows: tuple[Command, ...]) -> list[Command]:
    return [each for each in rows if importlib.util.find_spec(each.module) is not None]


def _loaded(row: Command) -> Any:
    function = getattr(importlib.import_module(row.module), row.function)
    if row.commands:
        app = _group(row.name)
        app.callback()(function)
        group: Any = typer.main.get_command(app)
        group.rows = row.commands
        return group
    single = typer.Typer(rich_markup_mode=None, add_completion=False)
    single.command(row.name, cls=LightCommand, context_settings=CONTEXT)(function)
    return typer.main.get_command(single)


def _group(name: str) -> typer.Typer:
    return typer.Typer(
        cls=LazyGroup,
        name=name,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT,
    )


def application() -> Any:
    """The command that ``main`` runs."""
    app = _group("regdoctor")

    @app.callback()
    def regdoctor(
        version: Annotated[
            bool,
            typer.Option(
                "--version", help="Print the version and exit.", callback=_version, is_eager=True
            ),
        ] = False,
    ) -> None:
        """Builds container images, and finds out why a registry stops a build or a pull.

        \b
        Examples:
          regdoctor check registry.example.com:5000
          regdoctor build -t app .

        \b
        Exit codes:
          0    nothing found that --fail-on names; the image is built
          1    something found, or the build failed
          2    the command line, or a file that it names, cannot be used
          3    a fault of regdoctor itself
          4    nothing could be judged
          130  interrupted
        """

    return typer.main.get_command(app)


def _version(wanted: bool) -> None:
    if wanted:
        from builder.version import VERSION

        typer.echo(f"regdoctor {VERSION}")
        raise typer.Exit
