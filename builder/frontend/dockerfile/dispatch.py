"""One instruction after another: each changes its stage's root, environment and image config.

``dispatch`` looks the instruction's class up in a table; RUN, COPY and ADD have modules of
their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from builder.events import SourceRange
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.contexts import Contexts
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.ignore import IgnoreMatcher
from builder.frontend.dockerfile.image import ImageConfig
from builder.frontend.dockerfile.lint import Linter
from builder.frontend.dockerfile.naming import Namer
from builder.frontend.dockerfile.options import ConvertOptions
from builder.frontend.dockerfile.shell import Expansion, Lexer
from builder.frontend.dockerfile.stages import Command, GlobalArgs, StageState
from builder.llb.ops import ProxyEnv
from builder.oci.platform import Platform

NO_ENV_ARGS = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})


class Dispatching(Struct):
    """What dispatching needs beside the stage: the same for the whole file."""

    options: ConvertOptions
    args: GlobalArgs
    lexer: Lexer
    namer: Namer
    contexts: Contexts
    linter: Linter
    ignored: IgnoreMatcher
    proxy: ProxyEnv | None
    epoch: int | None = None
    labs: bool = False

    @property
    def timestamp(self) -> int:
        """Of files that are made: nanoseconds, -1 for "now"."""
        return -1 if self.epoch is None else self.epoch * 10**9


class Step(Struct):
    """One command of one stage being dispatched."""

    conversion: Dispatching
    state: StageState
    command: Command
    linter: Linter

    @property
    def image(self) -> ImageConfig:
        assert self.state.image is not None
        return self.state.image

    @property
    def platform(self) -> Platform:
        assert self.state.platform is not None
        return self.state.platform

    @property
    def env(self) -> Mapping[str, str]:
        return self.state.root.env

    @property
    def ranges(self) -> tuple[SourceRange, ...]:
        return self.command.instruction.written.ranges

    @property
    def keyword(self) -> str:
        """The instruction's name as it is typed."""
        return self.command.instruction.written.keyword

    @property
    def code(self) -> str:
        return self.command.instruction.written.code

    def expand(self, word: str, lexer: Lexer | None = None) -> str:
        """``word`` with the variables of the stage; unset ones are remarked on."""
        return self.expansion(word, lexer).text if word else ""

    def expansion(self, word: str, lexer: Lexer | None = None) -> Expansion:
        found = (lexer or self.conversion.lexer).attempt(word, self.env)
        if found.unmatched:
            declared = {arg.key for arg in self.state.build_args} | NO_ENV_ARGS
            self.linter.undefined(found.unmatched - declared, self.env, self.ranges)
        if found.error is not None:
            raise found.error
        return found

    def shell_command(self, command: tuple[str, ...]) -> list[str]:
        """``command`` as an argument of the stage's shell."""
        shell = self.image.words("Shell") or default_shell(self.image.platform.os)
        return [*shell, " ".join(command)]

    def said_once(self, name: str) -> None:
        """A second CMD, ENTRYPOINT or HEALTHCHECK makes the first pointless."""
        first = self.state.seen_once.get(name)
        if first is not None:
            self.linter.warn(
                "MultipleInstructionsDisallowed",
                f"Multiple {self.keyword} instructions should not be used in the same stage "
                "because only the last one will be used",
                first,
            )
        self.state.seen_once[name] = self.ranges


def default_shell(os: str) -> list[str]:
    """What runs shell forms where no SHELL was given."""
    return ["cmd", "/S", "/C"] if os == "windows" else ["/bin/sh", "-c"]


def go_list(items: list[str] | tuple[str, ...]) -> str:
    """A list as Go's ``%v`` prints it."""
    return f"[{' '.join(items)}]"


Handler = Callable[[Step, Any], None]


def dispatch(
    conversion: Dispatching, state: StageState, command: Command, handlers: Mapping[type, Handler]
) -> None:
    """Raises DockerfileError, placed at the command."""
    instruction = command.instruction
    linter = conversion.linter.with_comments(instruction.written.comments)
    state.cmd_on_build = command.on_build
    step = Step(conversion, state, command, linter)
    try:
        handlers[type(instruction)](step, instruction)
    except DockerfileError as error:
        raise error.located(instruction.written.ranges) from error


def expanded_pairs(step: Step, pairs: tuple[ins.KeyValue, ...]) -> list[ins.KeyValue]:
    """All expanded with what was set before the instruction, as one step."""
    return [
        replace(pair, key=step.expand(pair.key), value=step.expand(pair.value)) for pair in pairs
    ]
