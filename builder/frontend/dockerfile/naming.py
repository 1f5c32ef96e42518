"""The names that progress shows for the vertices of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from builder.events import SourceRange
from builder.frontend.dockerfile.errors import ShellWordError
from builder.frontend.dockerfile.lexical import BLANKS, runes
from builder.frontend.dockerfile.shell import Lexer
from builder.frontend.dockerfile.stages import StageState
from builder.llb.definition import Location, OpMetadata, Position, Range
from builder.oci import platform as platforms
from builder.oci.platform import InvalidPlatform, Platform

COMMAND_KEY = "com.docker.dockerfile.v1.command"
NAME_KEY = "llb.customname"
INTERNAL = "[internal] "


def described(name: str, command: str | None = None, *, ignore_cache: bool = False) -> OpMetadata:
    """Metadata with the shown name, and the instruction where the vertex records it."""
    description = {NAME_KEY: name}
    if command is not None:
        description[COMMAND_KEY] = runes(command)
    return OpMetadata(ignore_cache=ignore_cache, description=description)


def located(ranges: tuple[SourceRange, ...]) -> tuple[Location, ...]:
    """The lines of an instruction as a vertex records them."""
    return (Location(ranges=tuple(Range(Position(r.start), Position(r.end)) for r in ranges)),)


class Namer:
    """``[platform stage i/n] COMMAND`` for one conversion."""

    def __init__(self, *, multi_platform: bool) -> None:
        self._multi_platform = multi_platform

    def next(
        self, state: StageState, text: str, env: Mapping[str, str], platform: Platform | None
    ) -> str:
        """``text`` with the prefix of the next vertex of ``state``, which it counts."""
        if state.cmd_total:
            state.cmd_index += 1
        return self.current(state, text, env, platform)

    def current(
        self, state: StageState, text: str, env: Mapping[str, str], platform: Platform | None
    ) -> str:
        """``text`` with the prefix of the vertex that was counted last."""
        if not state.cmd_total:
            return text
        prefix = ""
        if self._multi_platform and platform is not None:
            prefix = f"{platform.full}{_crossing(platform, env)} "
        if state.stage_name:
            prefix += f"{state.stage_name} "
        total = str(state.cmd_total)
        onbuild = "ONBUILD " if state.cmd_on_build else ""
        return f"[{prefix}{state.cmd_index:>{len(total)}}/{total}] {onbuild}{text}"


def expanded(lexer: Lexer, text: str, env: Mapping[str, str]) -> str:
    """``text`` with its variables and its first word in capitals; as it is where it cannot."""
    with suppress(ShellWordError):
        text = lexer.word(text, env)
    head, blank, rest = text.partition(" ")
    return head.upper() + blank + rest


def summary(document: str) -> str:
    """The first line of a heredoc, with ``...`` where more follow."""
    lines = document.strip(BLANKS).replace("\r\n", "\n").split("\n")
    return lines[0] + ("..." if len(lines) > 1 else "")


def _crossing(base: Platform, env: Mapping[str, str]) -> str:
    """``->arm64`` where the stage builds for something else than it runs on."""
    target = _target(base, env)
    if target is None:
        return ""
    if target.os != base.os:
        return f"->{target.full}"
    if target.architecture != base.architecture:
        variant = f"/{target.variant}" if target.variant else ""
        return f"->{target.architecture}{variant}"
    return ""


def _target(base: Platform, env: Mapping[str, str]) -> Platform | None:
    if "TARGETPLATFORM" in env:
        try:
            return platforms.parse(env["TARGETPLATFORM"])
        except InvalidPlatform:
            pass
    if not any(key in env for key in ("TARGETOS", "TARGETARCH", "TARGETVARIANT")):
        return None
    return platforms.normalize(
        Platform(
            env.get("TARGETOS") or base.os,
            env.get("TARGETARCH") or base.architecture,
            env.get("TARGETVARIANT", ""),
        )
    )
