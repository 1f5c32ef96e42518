"""What BuildKit's language does not have, and is off until it is asked for."""

from __future__ import annotations

from msgspec.structs import replace

from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.options import ConvertOptions
from builder.frontend.dockerfile.shell import Lexer
from builder.frontend.dockerfile.stages import GlobalArgs


def with_copy_sources(
    dockerfile: ins.Dockerfile, options: ConvertOptions, args: GlobalArgs, lexer: Lexer
) -> ins.Dockerfile:
    """The file with the variables of ``COPY --from`` replaced by what they stand for.

    Known are the variables that FROM lines see, and above them the ARGs of the stage up to the
    instruction: which stages are needed must be settled before any is run, so that ENV is
    not among them. Raises DockerfileError.
    """
    stages = tuple(
        replace(stage, commands=_expanded(stage.commands, options, args, lexer))
        for stage in dockerfile.stages
    )
    return replace(dockerfile, stages=stages)


def _expanded(
    commands: list[ins.Instruction], options: ConvertOptions, args: GlobalArgs, lexer: Lexer
) -> list[ins.Instruction]:
    known = dict(args.env)
    done = []
    for command in commands:
        try:
            if isinstance(command, ins.Arg):
                _declare(command, known, options, lexer)
            elif isinstance(command, ins.Copy) and command.from_:
                command = replace(command, from_=_source(command.from_, known, lexer))
        except DockerfileError as error:
            raise error.located(command.written.ranges) from error
        done.append(command)
    return done


def _declare(
    instruction: ins.Arg, known: dict[str, str], options: ConvertOptions, lexer: Lexer
) -> None:
    for arg in instruction.args:
        if arg.key in options.build_args:
            known[arg.key] = options.build_args[arg.key]
        elif arg.value is not None:
            known[arg.key] = lexer.word(arg.value, known)


def _source(written: str, known: dict[str, str], lexer: Lexer) -> str:
    expansion = lexer.expand(written, known)
    if not expansion.text or expansion.unmatched:
        unset = ", ".join(sorted(expansion.unmatched)) or written
        raise DockerfileError(
            f"COPY --from={written}: {unset} has no value here",
            hint="give it by ARG before the first FROM, or by ARG in this stage above the line",
        )
    return expansion.text
