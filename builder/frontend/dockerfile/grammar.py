"""From lines to instructions: how many arguments each takes, which flags, what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile import remarks
from builder.frontend.dockerfile.devices import parse_device
from builder.frontend.dockerfile.directives import detect_syntax
from builder.frontend.dockerfile.duration import parse_duration
from builder.frontend.dockerfile.errors import DockerfileError, ParseError
from builder.frontend.dockerfile.flags import Flags, Kind
from builder.frontend.dockerfile.lexical import BLANKS, runes
from builder.frontend.dockerfile.mounts import source_of
from builder.frontend.dockerfile.parser import COMMANDS, Node, parse_heredoc, parse_text
from builder.frontend.dockerfile.rules import Remark
from builder.frontend.dockerfile.suggest import suggestion
from builder.oci.goquote import go_quote

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*")
_MILLISECOND = 10**6
_NO_FLAGS: Mapping[str, Kind] = {}
_COPY_FLAGS = {
    "chmod": Kind.STRING,
    "chown": Kind.STRING,
    "exclude": Kind.STRINGS,
    "from": Kind.STRING,
    "link": Kind.BOOL,
    "parents": Kind.BOOL,
}
_ADD_FLAGS = {
    "checksum": Kind.STRING,
    "chmod": Kind.STRING,
    "chown": Kind.STRING,
    "exclude": Kind.STRINGS,
    "keep-git-dir": Kind.BOOL,
    "link": Kind.BOOL,
    "unpack": Kind.BOOL,
}
_RUN_FLAGS = {
    "device": Kind.STRINGS,
    "mount": Kind.STRINGS,
    "network": Kind.STRING,
    "security": Kind.STRING,
}
_HEALTHCHECK_FLAGS = {
    "interval": Kind.STRING,
    "retries": Kind.STRING,
    "start-interval": Kind.STRING,
    "start-period": Kind.STRING,
    "timeout": Kind.STRING,
}
_NETWORKS = ("default", "none", "host")
_SECURITY_MODES = ("sandbox", "insecure")


def parse(
    source: bytes, filename: str = "Dockerfile", hear: Callable[[Remark], None] | None = None
) -> ins.Dockerfile:
    """A file that can be built; ``hear`` gets each remark before the next line is read.

    Raises DockerfileError with the lines it is about.
    """
    if not source:
        raise DockerfileError("the Dockerfile cannot be empty")
    dockerfile = read(source, filename, hear)
    if not dockerfile.stages:
        raise DockerfileError("dockerfile contains no stages to build")
    return dockerfile


def read(
    source: bytes, filename: str, hear: Callable[[Remark], None] | None = None
) -> ins.Dockerfile:
    """As ``parse``, also of a file without stages."""
    text = parse_text(source)
    said: list[Remark] = []

    def say(more: Iterable[Remark]) -> None:
        for remark in more:
            said.append(remark)
            if hear is not None:
                hear(remark)

    say(remarks.on_continuations(text.empty_continuations))
    stages: list[ins.Stage] = []
    meta_args: list[ins.Arg] = []
    for node in text.nodes:
        say(remarks.on_node(node))
        instruction = parse_instruction(node)
        say(remarks.on_instruction(instruction))
        if isinstance(instruction, ins.From):
            stages.append(ins.Stage(instruction))
        elif stages:
            stages[-1].commands.append(instruction)
        elif isinstance(instruction, ins.Arg):
            meta_args.append(instruction)
        else:
            raise DockerfileError("no build stage in current context", ranges=node.ranges)
    say(remarks.on_stages(stages))
    directives = {directive.name: directive for directive in text.directives}
    syntax = detect_syntax(source)
    if syntax is not None:
        directives["syntax"] = syntax
    return ins.Dockerfile(
        filename,
        source,
        tuple(stages),
        tuple(meta_args),
        text.escape,
        directives,
        tuple(said),
    )


def parse_instruction(node: Node) -> ins.Instruction:
    """Raises ParseError: ``dockerfile parse error on line N: ...``."""
    try:
        return _read(node)
    except DockerfileError as error:
        prefix = f"dockerfile parse error on line {node.start}: "
        raise error.located(node.ranges, prefix) from error


def _read(node: Node) -> ins.Instruction:
    reader = _READERS.get(node.keyword)
    if reader is None:
        near = suggestion(node.command, (name.upper() for name in COMMANDS), case_sensitive=False)
        raise ParseError(f"unknown instruction: {node.command}{near}")
    return reader(node)


def parse_trigger(expression: str, place: ins.Written) -> ins.Instruction:
    """An ONBUILD trigger as an instruction of the stage that is ``place``."""
    nodes = parse_text(expression.encode(errors="surrogateescape")).nodes
    if len(nodes) != 1:
        raise ParseError("onbuild trigger should be a single expression")
    instruction = _read(nodes[0])
    if isinstance(instruction, ins.From):
        raise ParseError("*instructions.Stage is not a command type")
    return replace(instruction, written=replace(instruction.written, ranges=place.ranges))


def _written(node: Node) -> ins.Written:
    return ins.Written(node.original.strip(BLANKS), node.command, node.ranges, node.comments)


def _no_flags(node: Node) -> None:
    Flags(node.flags, _NO_FLAGS)


def _one_word(node: Node) -> str:
    if len(node.words) != 1:
        raise ParseError(f"{node.command.upper()} requires exactly one argument")
    return node.words[0]


def _exactly_one(node: Node) -> str:
    word = _one_word(node)
    _no_flags(node)
    return word


def _at_least_one(node: Node) -> tuple[str, ...]:
    if not node.words:
        raise ParseError(f"{node.command.upper()} requires at least one argument")
    return node.words


def _pairs(node: Node) -> tuple[ins.KeyValue, ...]:
    _no_flags(node)
    words = _at_least_one(node)
    pairs = []
    for key, value, separator in zip(words[::3], words[1::3], words[2::3], strict=True):
        if not key:
            raise ParseError(f"{node.command.upper()} names can not be blank")
        pairs.append(ins.KeyValue(key, value, legacy=not separator))
    return tuple(pairs)


def _env(node: Node) -> ins.Instruction:
    return ins.Env(_written(node), _pairs(node))


def _label(node: Node) -> ins.Instruction:
    return ins.Label(_written(node), _pairs(node))


def _arg(node: Node) -> ins.Instruction:
    args = []
    for word in _at_least_one(node):
        key, equals, value = word.partition("=")
        if not key:
            raise ParseError("ARG names can not be blank")
        args.append(ins.OptionalKeyValue(key, value if equals else None))
    return ins.Arg(_written(node), tuple(args))


def _maintainer(node: Node) -> ins.Instruction:
    return ins.Maintainer(_written(node), _exactly_one(node))


def _user(node: Node) -> ins.Instruction:
    return ins.User(_written(node), _exactly_one(node))


def _workdir(node: Node) -> ins.Instruction:
    return ins.Workdir(_written(node), _exactly_one(node))


def _stop_signal(node: Node) -> ins.Instruction:
    return ins.StopSignal(_written(node), _one_word(node))


def _copying_flags(node: Node, allowed: Mapping[str, Kind]) -> Flags:
    if len(node.words) < 2:
        raise ParseError(
            f"{node.command.upper()} requires at least two arguments, but only one was provided. "
            "Destination could not be determined"
        )
    return Flags(node.flags, allowed)


def _sources(node: Node) -> tuple[tuple[str, ...], tuple[ins.InlineFile, ...], str]:
    command = node.command.upper()
    *sources, dest = node.words
    if parse_heredoc(dest) is not None:
        raise ParseError(f"{command} cannot accept a heredoc as a destination")
    heredocs = {heredoc.name: heredoc for heredoc in node.heredocs}
    paths: list[str] = []
    inline: list[ins.InlineFile] = []
    for source in sources:
        announced = parse_heredoc(source)
        found = heredocs.get(announced.name) if announced is not None else None
        if announced is None:
            paths.append(source)
        else:
            data = found.text if found is not None else ""
            inline.append(ins.InlineFile(announced.name, data, announced.expand))
    return tuple(paths), tuple(inline), dest


def _copy(node: Node) -> ins.Instruction:
    flags = _copying_flags(node, _COPY_FLAGS)
    sources, inline, dest = _sources(node)
    return ins.Copy(
        _written(node),
        sources,
        inline,
        dest,
        chown=flags.one("chown"),
        chmod=flags.one("chmod"),
        link=flags.boolean("link") or False,
        exclude=flags.all("exclude"),
        from_=flags.one("from"),
        parents=flags.boolean("parents") or False,
    )


def _add(node: Node) -> ins.Instruction:
    flags = _copying_flags(node, _ADD_FLAGS)
    sources, inline, dest = _sources(node)
    return ins.Add(
        _written(node),
        sources,
        inline,
        dest,
        chown=flags.one("chown"),
        chmod=flags.one("chmod"),
        link=flags.boolean("link") or False,
        exclude=flags.all("exclude"),
        checksum=flags.one("checksum"),
        keep_git_dir=flags.boolean("keep-git-dir"),
        unpack=flags.boolean("unpack"),
    )


def _from(node: Node) -> ins.Instruction:
    words = node.words
    name = typed = keyword = ""
    if len(words) == 3 and words[1].lower() == "as":
        keyword, typed, name = words[1], words[2], words[2].lower()
        if _STAGE_NAME.fullmatch(name) is None:
            raise ParseError(
                f"invalid name for build stage: {go_quote(typed)}, "
                "name can't start with a number or contain symbols"
            )
    elif len(words) != 1:
        raise ParseError("FROM requires either one or three arguments")
    flags = Flags(node.flags, {"platform": Kind.STRING})
    return ins.From(_written(node), words[0], name, flags.one("platform"), keyword, typed)


def _onbuild(node: Node) -> ins.Instruction:
    trigger = runes(_at_least_one(node)[0]).strip(BLANKS).upper()
    _no_flags(node)
    if trigger == "ONBUILD":
        raise ParseError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in ("MAINTAINER", "FROM"):
        raise ParseError(f"{trigger} isn't allowed as an ONBUILD trigger")
    expression = re.sub(r"(?i)^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", "", node.original)
    for heredoc in node.heredocs:
        expression += f"\n{heredoc.content}{heredoc.name}"
    return ins.OnBuild(_written(node), expression)


def _command(node: Node) -> tuple[str, ...]:
    return node.words if node.json or not node.words else (" ".join(node.words),)


def _run(node: Node) -> ins.Instruction:
    flags = Flags(node.flags, _RUN_FLAGS)
    devices = tuple(parse_device(device) for device in flags.all("device"))
    mounts = flags.all("mount")
    mount_sources = tuple(source_of(mount) for mount in mounts)
    network = flags.one("network", "default")
    security = flags.one("security", "sandbox")
    if network not in _NETWORKS:
        raise ParseError(f"invalid network mode {go_quote(network)}")
    if security not in _SECURITY_MODES:
        raise ParseError(f"security {go_quote(security)} is not valid")
    return ins.Run(
        _written(node),
        _command(node),
        shell=not node.json,
        heredocs=node.heredocs,
        mounts=mounts,
        mount_sources=mount_sources,
        network=network,
        security=security,
        devices=devices,
    )


def _cmd(node: Node) -> ins.Instruction:
    _no_flags(node)
    return ins.Cmd(_written(node), _command(node), shell=not node.json)


def _entrypoint(node: Node) -> ins.Instruction:
    _no_flags(node)
    return ins.Entrypoint(_written(node), _command(node), shell=not node.json)


def _shell(node: Node) -> ins.Instruction:
    _no_flags(node)
    words = _command(node)
    if not words:
        raise ParseError("SHELL requires at least one argument")
    if not node.json:
        raise ParseError("SHELL requires the arguments to be in JSON form")
    return ins.Shell(_written(node), words)


def _healthcheck(node: Node) -> ins.Instruction:
    kind = runes(_at_least_one(node)[0]).upper()
    command = node.words[1:]
    if kind == "NONE":
        if command:
            raise ParseError("HEALTHCHECK NONE takes no arguments")
        return ins.Healthcheck(_written(node), ("NONE",))
    flags = Flags(node.flags, _HEALTHCHECK_FLAGS)
    if kind != "CMD":
        raise ParseError(f"Unknown type {go_quote(kind)} in HEALTHCHECK (try CMD)")
    if not command:
        raise ParseError("Missing command after HEALTHCHECK CMD")
    return ins.Healthcheck(
        _written(node),
        ("CMD" if node.json else "CMD-SHELL", *command),
        interval=_interval(flags, "interval"),
        timeout=_interval(flags, "timeout"),
        start_period=_interval(flags, "start-period"),
        start_interval=_interval(flags, "start-interval"),
        retries=_retries(flags.one("retries")),
    )


def _interval(flags: Flags, name: str) -> int:
    value = flags.one(name)
    if not value:
        return 0
    duration = parse_duration(value)
    if duration and duration < _MILLISECOND:
        raise ParseError(f"Interval {go_quote(name)} cannot be less than 1ms")
    return duration


def _retries(text: str) -> int:
    if not text:
        return 0
    match = re.match(r"[+-]?(\d+)", text, re.ASCII)
    digits = match[1][:40] if match is not None else "0"
    if int(digits) < 1 << 32 and (match is None or match[0] != text):
        raise ParseError(f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax")
    if int(digits) >= 1 << 32 or not -(1 << 31) <= int(text) < 1 << 31:
        raise ParseError(f"strconv.ParseInt: parsing {go_quote(text)}: value out of range")
    if int(text) < 0:
        raise ParseError(f"--retries cannot be negative ({int(text)})")
    return int(text)


def _expose(node: Node) -> ins.Instruction:
    words = _at_least_one(node)
    _no_flags(node)
    return ins.Expose(_written(node), tuple(sorted(words)))


def _volume(node: Node) -> ins.Instruction:
    words = _at_least_one(node)
    _no_flags(node)
    paths = tuple(word.strip(BLANKS) for word in words)
    if not all(paths):
        raise ParseError("VOLUME specified can not be an empty string")
    return ins.Volume(_written(node), paths)


_READERS: dict[str, Callable[[Node], ins.Instruction]] = {
    "add": _add,
    "arg": _arg,
    "cmd": _cmd,
    "copy": _copy,
    "entrypoint": _entrypoint,
    "env": _env,
    "expose": _expose,
    "from": _from,
    "healthcheck": _healthcheck,
    "label": _label,
    "maintainer": _maintainer,
    "onbuild": _onbuild,
    "run": _run,
    "shell": _shell,
    "stopsignal": _stop_signal,
    "user": _user,
    "volume": _volume,
    "workdir": _workdir,
}
