"""Instructions as values, before any variable is expanded.

Each has the place and spelling it was written with; ``Stage`` collects what follows a FROM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.events import SourceRange
from builder.frontend.dockerfile.directives import Directive
from builder.frontend.dockerfile.parser import Heredoc
from builder.frontend.dockerfile.rules import Remark
from builder.llb.ops import CDIDevice


@dataclass(frozen=True, slots=True)
class Written:
    """``code`` is the logical line, ``keyword`` as typed, ``ranges`` its physical lines."""

    code: str
    keyword: str
    ranges: tuple[SourceRange, ...]
    comments: tuple[str, ...] = ()

    @property
    def line(self) -> int:
        return self.ranges[0].start if self.ranges else 0


@dataclass(frozen=True, slots=True)
class KeyValue:
    """``legacy`` is the form ``ENV key value``."""

    key: str
    value: str
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class OptionalKeyValue:
    """An ARG; ``value`` None is one without default."""

    key: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A heredoc that COPY or ADD makes a file of; ``expand`` as the heredoc has it."""

    path: str
    data: str
    expand: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """What all have."""

    written: Written


@dataclass(frozen=True, slots=True)
class Env(Instruction):
    """ENV: variables for later steps and for the image."""

    pairs: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True)
class Label(Instruction):
    """LABEL: metadata of the image."""

    pairs: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True)
class Arg(Instruction):
    """ARG: variables of the build."""

    args: tuple[OptionalKeyValue, ...]


@dataclass(frozen=True, slots=True)
class Maintainer(Instruction):
    """MAINTAINER, deprecated: the author of the image."""

    name: str


@dataclass(frozen=True, slots=True)
class Copying(Instruction):
    """What COPY and ADD share."""

    sources: tuple[str, ...]
    inline: tuple[InlineFile, ...]
    dest: str
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copy(Copying):
    """COPY; ``from_`` is a stage, its number, an image or a named context."""

    from_: str = ""
    parents: bool = False


@dataclass(frozen=True, slots=True)
class Add(Copying):
    """None of ``keep_git_dir`` and ``unpack`` is "not said"."""

    checksum: str = ""
    keep_git_dir: bool | None = None
    unpack: bool | None = None


@dataclass(frozen=True, slots=True)
class Run(Instruction):
    """``shell`` False is the exec form. ``mounts`` are the raw ``--mount`` values."""

    command: tuple[str, ...]
    shell: bool
    heredocs: tuple[Heredoc, ...] = ()
    mounts: tuple[str, ...] = ()
    mount_sources: tuple[str, ...] = ()
    network: str = "default"
    security: str = "sandbox"
    devices: tuple[CDIDevice, ...] = ()


@dataclass(frozen=True, slots=True)
class Cmd(Instruction):
    """CMD; ``shell`` False is the exec form."""

    command: tuple[str, ...]
    shell: bool


@dataclass(frozen=True, slots=True)
class Entrypoint(Instruction):
    """ENTRYPOINT; ``shell`` False is the exec form."""

    command: tuple[str, ...]
    shell: bool


@dataclass(frozen=True, slots=True)
class Shell(Instruction):
    """SHELL: what runs shell forms from here on."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Healthcheck(Instruction):
    """``test`` as the image config has it; durations in nanoseconds, 0 for "inherit"."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Expose(Instruction):
    """EXPOSE; ports as written, sorted."""

    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User(Instruction):
    """USER: ``name[:group]`` for later steps."""

    user: str


@dataclass(frozen=True, slots=True)
class Volume(Instruction):
    """VOLUME: paths that are mounted at run time."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopSignal(Instruction):
    """STOPSIGNAL: a name or number."""

    signal: str


@dataclass(frozen=True, slots=True)
class Workdir(Instruction):
    """WORKDIR: absolute, or relative to the one before."""

    path: str


@dataclass(frozen=True, slots=True)
class OnBuild(Instruction):
    """``expression`` is the trigger with its heredocs, as the image config keeps it."""

    expression: str


@dataclass(frozen=True, slots=True)
class From(Instruction):
    """``name`` is lower-case, empty where there is no AS; ``as_keyword`` as typed."""

    base: str
    name: str = ""
    platform: str = ""
    as_keyword: str = ""
    typed_name: str = ""


@dataclass(slots=True)
class Stage:
    """A FROM and what follows it."""

    start: From
    commands: list[Instruction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed file. ``meta_args`` stand before the first FROM; ``remarks`` are what the text
    gives the linter to say."""

    filename: str
    source: bytes
    stages: tuple[Stage, ...]
    meta_args: tuple[Arg, ...]
    escape: str
    directives: Mapping[str, Directive]
    remarks: tuple[Remark, ...] = ()


def doc_comment(comments: tuple[str, ...], name: str) -> str:
    """What the comments above an instruction say of ``name``: ``# NAME description``."""
    if not name:
        return ""
    found = (line.removeprefix(f"{name} ") for line in comments if line.startswith(f"{name} "))
    return next(found, "")
