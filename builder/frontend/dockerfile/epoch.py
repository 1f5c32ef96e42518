"""SOURCE_DATE_EPOCH: seconds, or the name of what has the time: the context, a named context, or
a stage that does nothing but add one remote source."""

from __future__ import annotations

import re
from collections.abc import Mapping

from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.contexts import remote_source
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.gitref import git_source, parse_git_ref
from builder.frontend.dockerfile.options import ConvertOptions
from builder.frontend.dockerfile.shell import Lexer
from builder.frontend.dockerfile.stages import SCRATCH, named_context
from builder.llb.ops import SourceOp
from builder.oci import platform as platforms
from builder.oci.goquote import go_quote

NAME = "SOURCE_DATE_EPOCH"
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799
"""Of the years 1 and 9999, the first and last that RFC 3339 can write."""
_ONE_SOURCE = "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD"


async def resolve_epoch(
    dockerfile: ins.Dockerfile, options: ConvertOptions, env: dict[str, str], lexer: Lexer
) -> int | None:
    """Seconds; None where no time is known. ``env`` is what FROM lines see.

    Raises DockerfileError.
    """
    text = options.build_args.get(NAME, env.get(NAME, ""))
    if options.epoch is not None:
        text = str(options.epoch)
    if not text:
        return None
    if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) is None:
        return await _time_of(_source(text, dockerfile, options, env, lexer), options)
    if not _FIRST_SECOND <= int(text) <= _LAST_SECOND:
        raise DockerfileError(f"invalid SOURCE_DATE_EPOCH: {text}")
    return int(text)


def with_epoch(
    build_args: Mapping[str, str], env: dict[str, str], epoch: int | None
) -> Mapping[str, str]:
    """The build arguments with ``epoch`` where they named it; ``env`` is changed in the same way.
    A time that is not known is not given at all."""
    given = dict(build_args)
    known: tuple[dict[str, str], ...] = (given, env) if env.get(NAME) or NAME in given else ()
    for variables in known:
        if NAME in variables:
            variables.pop(NAME)
            if epoch is not None:
                variables[NAME] = str(epoch)
    return given


async def _time_of(source: SourceOp | None, options: ConvertOptions) -> int | None:
    if source is None:
        return None
    if options.times is None:
        raise DockerfileError(
            f"invalid SOURCE_DATE_EPOCH: the time of {source.identifier} cannot be asked for"
        )
    return await options.times.time_of(source)


def _source(
    text: str,
    dockerfile: ins.Dockerfile,
    options: ConvertOptions,
    env: Mapping[str, str],
    lexer: Lexer,
) -> SourceOp | None:
    """What ``text`` names; None for files of the client, which have no time of their own."""
    if text == "context":
        return options.main_context
    key = named_context(options, text, platforms.host())
    if key is not None:
        named = options.named_contexts[key]
        if named.partition(":")[0] in ("local", "docker-image", "oci-layout"):
            return None
        return remote_source(key, named)[0]
    for stage in dockerfile.stages:
        if stage.start.name.lower() == text.lower():
            outside = {key: value for key, value in env.items() if key != NAME}
            try:
                return _source_of(stage, options.build_args, outside, lexer)
            except DockerfileError as error:
                raise error.located(stage.start.written.ranges) from error
    raise DockerfileError(f"invalid SOURCE_DATE_EPOCH: {text}")


def _source_of(
    stage: ins.Stage, build_args: Mapping[str, str], env: dict[str, str], lexer: Lexer
) -> SourceOp:
    written = stage.start.base
    try:
        base = lexer.word(written, env)
    except DockerfileError as error:
        where = f"failed to process source stage base name {go_quote(written)}: "
        raise error.located((), where) from error
    if base != SCRATCH:
        raise DockerfileError("SOURCE_DATE_EPOCH stage must use FROM scratch")
    source: SourceOp | None = None
    for instruction in stage.commands:
        if isinstance(instruction, ins.Arg):
            for arg in instruction.args:
                if arg.key in build_args:
                    env[arg.key] = build_args[arg.key]
                elif arg.value is not None:
                    env[arg.key] = lexer.word(arg.value, env)
        elif isinstance(instruction, ins.Add):
            if source is not None:
                raise DockerfileError(_ONE_SOURCE)
            source = _added(instruction, env, lexer)
        else:
            raise DockerfileError(
                "SOURCE_DATE_EPOCH stage does not meet source-only requirements: unsupported "
                f"{instruction.written.keyword} instruction"
            )
    if source is None:
        raise DockerfileError(_ONE_SOURCE)
    return source


def _added(add: ins.Add, env: Mapping[str, str], lexer: Lexer) -> SourceOp:
    if add.inline or len(add.sources) != 1:
        raise DockerfileError(f"{_ONE_SOURCE} source")
    url = lexer.word(add.sources[0], env)
    ref = parse_git_ref(url)
    if ref is not None:
        return git_source(ref)[0]
    if url.startswith(("http://", "https://")):
        return SourceOp(url, {"http.filename": url.partition("?")[0].rpartition("/")[2]})
    raise DockerfileError("SOURCE_DATE_EPOCH stage source must be a single HTTP(S) or Git ADD")
