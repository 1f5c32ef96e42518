"""Instructions as values, before any variable is expanded.

Each has the place and spelling it was written with; ``Stage`` collects what follows a FROM.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from builder.events import SourceRange
from builder.frontend.dockerfile.directives import Directive
from builder.frontend.dockerfile.parser import Heredoc
from builder.frontend.dockerfile.rules import Remark
from builder.llb.ops import CDIDevice


class Written(Struct, frozen=True):
    """``code`` is the logical line, ``keyword`` as typed, ``ranges`` its physical lines."""

    code: str
    keyword: str
    ranges: tuple[SourceRange, ...]
    comments: tuple[str, ...] = ()

    @property
    def line(self) -> int:
        return self.ranges[0].start if self.ranges else 0


class KeyValue(Struct, frozen=True):
    """``legacy`` is the form ``ENV key value``."""

    key: str
    value: str
    legacy: bool = False


class OptionalKeyValue(Struct, frozen=True):
    """An ARG; ``value`` None is one without default."""

    key: str
    value: str | None = None


class InlineFile(Struct, frozen=True):
    """A heredoc that COPY or ADD makes a file of; ``expand`` as the heredoc has it."""

    path: str
    data: str
    expand: bool


class Instruction(Struct, frozen=True):
    """What all have."""

    written: Written


class Env(Instruction, frozen=True):
    """ENV: variables for later steps and for the image."""

    pairs: tuple[KeyValue, ...]


class Label(Instruction, frozen=True):
    """LABEL: metadata of the image."""

    pairs: tuple[KeyValue, ...]


class Arg(Instruction, frozen=True):
    """ARG: variables of the build."""

    args: tuple[OptionalKeyValue, ...]


class Maintainer(Instruction, frozen=True):
    """MAINTAINER, deprecated: the author of the image."""

    name: str


class Copying(Instruction, frozen=True):
    """What COPY and ADD share."""

    sources: tuple[str, ...]
    inline: tuple[InlineFile, ...]
    dest: str
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()


class Copy(Copying, frozen=True):
    """COPY; ``from_`` is a stage, its number, an image or a named context."""

    from_: str = ""
    parents: bool = False


class Add(Copying, frozen=True):
    """None of ``keep_git_dir`` and ``unpack`` is "not said"."""

    checksum: str = ""
    keep_git_dir: bool | None = None
    unpack: bool | None = None


class Run(Instruction, frozen=True):
    """``shell`` False is the exec form. ``mounts`` are the raw ``--mount`` values."""

    command: tuple[str, ...]
    shell: bool
    heredocs: tuple[Heredoc, ...] = ()
    mounts: tuple[str, ...] = ()
    mount_sources: tuple[str, ...] = ()
    network: str = "default"
    security: str = "sandbox"
    devices: tuple[CDIDevice, ...] = ()


class Cmd(Instruction, frozen=True):
    """CMD; ``shell`` False is the exec form."""

    command: tuple[str, ...]
    shell: bool


class Entrypoint(Instruction, frozen=True):
    """ENTRYPOINT; ``shell`` False is the exec form."""

    command: tuple[str, ...]
    shell: bool


class Shell(Instruction, frozen=True):
    """SHELL: what runs shell forms from here on."""

    command: tuple[str, ...]


class Healthcheck(Instruction, frozen=True):
    """``test`` as the image config has it; durations in nanoseconds, 0 for "inherit"."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Expose(Instruction, frozen=True):
    """EXPOSE; ports as written, sorted."""

    ports: tuple[str, ...]


class User(Instruction, frozen=True):
    """USER: ``name[:group]`` for later steps."""

    user: str


class Volume(Instruction, frozen=True):
    """VOLUME: paths that are mounted at run time."""

    paths: tuple[str, ...]


class StopSignal(Instruction, frozen=True):
    """STOPSIGNAL: a name or number."""

    signal: str


class Workdir(Instruction, frozen=True):
    """WORKDIR: absolute, or relative to the one before."""

    path: str


class OnBuild(Instruction, frozen=True):
    """``expression`` is the trigger with its heredocs, as the image config keeps it."""

    expression: str


class From(Instruction, frozen=True):
    """``name`` is lower-case, empty where there is no AS; ``as_keyword`` as typed."""

    base: str
    name: str = ""
    platform: str = ""
    as_keyword: str = ""
    typed_name: str = ""


class Stage(Struct):
    """A FROM and what follows it."""

    start: From
    commands: list[Instruction] = field(default_factory=list)


class Dockerfile(Struct, frozen=True):
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
