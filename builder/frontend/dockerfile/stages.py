"""The stages of a Dockerfile as a graph of who needs whom, before anything is resolved.

What ``COPY --from`` and ``RUN --mount from=`` name and no stage provides is an image: it
becomes an *unregistered* stage of its own, without commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from builder.events import SourceRange
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.errors import (
    BlankBaseError,
    CircularDependencyError,
    DockerfileError,
    StageNotFoundError,
)
from builder.frontend.dockerfile.image import ImageConfig
from builder.frontend.dockerfile.lint import Linter
from builder.frontend.dockerfile.options import ConvertOptions
from builder.frontend.dockerfile.outline import KnownArg, Uses
from builder.frontend.dockerfile.shell import Lexer
from builder.frontend.dockerfile.suggest import suggestion
from builder.llb.ops import NetMode
from builder.llb.state import Output
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.goquote import go_quote
from builder.oci.platform import InvalidPlatform, Platform
from builder.oci.reference import InvalidReference

SCRATCH = "scratch"
_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_LAYERED = (ins.Add, ins.Copy, ins.Run, ins.Workdir)
_MISSING_FROM = (
    "variable expansion is not supported for --from, define a new stage with FROM using ARG "
    "from global scope as a workaround"
)


class Command(Struct):
    """An instruction of a stage with the stages it reads from, one per ``--mount`` of a RUN."""

    instruction: ins.Instruction
    sources: tuple[StageState, ...] = ()
    on_build: bool = False


class Filesystem(Struct):
    """What the next command of a stage starts from: root, environment and process settings.

    ``platform`` is that of the source that the root came from; an empty root has none.
    """

    output: Output | None = None
    platform: Platform | None = None
    env: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"
    user: str = ""
    hostname: str = ""
    network: NetMode = NetMode.UNSET

    def set_env(self, key: str, value: str) -> None:
        """Set or set again: either way the variable is now the last."""
        self.env.pop(key, None)
        self.env[key] = value

    def clone(self) -> Filesystem:
        return replace(self, env=dict(self.env))


class StageState(Struct, eq=False):
    """A stage on its way from text to a root file system and an image config.

    ``ranges`` are what its vertices record; ``place`` is where it is named, for errors.
    BuildKit records nothing for an image that a mount names.
    """

    base_name: str
    name: str = ""
    stage_name: str = ""
    source_code: str = ""
    ranges: tuple[SourceRange, ...] = ()
    place: tuple[SourceRange, ...] = ()
    comments: tuple[str, ...] = ()
    why: str = "FROM"
    unregistered: bool = False
    listed: bool = False
    instructions: list[ins.Instruction] = field(default_factory=list)
    platform: Platform | None = None
    context: str | None = None
    base: StageState | None = None
    deps: dict[StageState, tuple[SourceRange, ...]] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    ignore_cache: bool = False
    cmd_total: int = 0
    cmd_index: int = 0
    cmd_on_build: bool = False
    resolved: bool = False
    dispatched: bool = False
    on_build_taken: bool = False
    root: Filesystem = field(default_factory=Filesystem)
    image: ImageConfig | None = None
    base_image: ImageConfig | None = None
    build_args: list[ins.OptionalKeyValue] = field(default_factory=list)
    context_paths: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    workdir_set: bool = False
    seen_once: dict[str, tuple[SourceRange, ...]] = field(default_factory=dict)
    uses: Uses = field(default_factory=Uses)

    def inherit(self) -> None:
        """Start where the base stage ended."""
        base = self.base
        if base is None or base.image is None:
            return
        self.root = base.root.clone()
        self.platform = base.platform
        self.image = base.image.clone()
        self.base_image = base.base_image
        # Shared on purpose: what is used of this stage is used of its base.
        self.paths = base.paths
        self.workdir_set = base.workdir_set
        self.build_args = [*self.build_args, *base.build_args]


class GlobalArgs(Struct):
    """Variables that FROM lines see: platform args and the ARGs before the first stage.

    ``predefined`` are the platform args alone; ``declared`` those ARGs.
    """

    env: dict[str, str]
    predefined: dict[str, str] = field(default_factory=dict)
    declared: dict[str, KnownArg] = field(default_factory=dict)


def global_args(dockerfile: ins.Dockerfile, options: ConvertOptions, lexer: Lexer) -> GlobalArgs:
    """Raises DockerfileError where a default cannot be expanded."""
    target = options.target or dockerfile.stages[-1].start.name or "default"
    env = platform_args(options, target)
    env.update({key: options.build_args[key] for key in env if key in options.build_args})
    args = GlobalArgs(env, dict(env))
    for instruction in dockerfile.meta_args:
        for arg in instruction.args:
            value, deps = options.build_args.get(arg.key), set[str]()
            if value is None and arg.value is not None:
                try:
                    expansion = lexer.expand(arg.value, env)
                except DockerfileError as error:
                    raise error.located(instruction.written.ranges) from error
                value, deps = expansion.text, set(expansion.matched)
                if arg.key in deps:
                    before = args.declared.get(arg.key)
                    deps = (deps - {arg.key}) | (before.deps if before else set())
            args.declared[arg.key] = KnownArg(
                arg.key,
                value or "",
                instruction.written.ranges,
                instruction.written.comments,
                frozenset(deps),
            )
            if value is not None:
                env.pop(arg.key, None)
                env[arg.key] = value
    return args


def platform_args(options: ConvertOptions, target: str) -> dict[str, str]:
    """The predefined BUILD* and TARGET* variables."""
    build, wanted = options.platforms[0], options.platform
    return {
        "BUILDPLATFORM": str(build),
        "BUILDOS": build.os,
        "BUILDOSVERSION": build.os_version,
        "BUILDARCH": build.architecture,
        "BUILDVARIANT": build.variant,
        "TARGETPLATFORM": wanted.full,
        "TARGETOS": wanted.os,
        "TARGETOSVERSION": wanted.os_version,
        "TARGETARCH": wanted.architecture,
        "TARGETVARIANT": wanted.variant,
        "TARGETSTAGE": target,
    }


class StageGraph:
    """All stages of a file, in order; images named elsewhere follow as they are found."""

    def __init__(
        self,
        dockerfile: ins.Dockerfile,
        options: ConvertOptions,
        args: GlobalArgs,
        lexer: Lexer,
        linter: Linter,
    ) -> None:
        self._options = options
        self._args = args
        self._lexer = lexer
        self._linter = linter
        self._platform_of_contexts = options.target_platform or platforms.host()
        self._by_name: dict[str, StageState] = {}
        self.states: list[StageState] = []
        for number, stage in enumerate(dockerfile.stages):
            self._add(self._state(number, stage))
        self._stage_count = len(self.states)
        for state in self.states[: self._stage_count]:
            self._count(state)
        self.target = self._find_target()
        for state in self.states[: self._stage_count]:
            self._link(state)
        self._refuse_cycles()
        if len(self.states) == 1:
            self.states[0].stage_name = ""

    def _state(self, number: int, stage: ins.Stage) -> StageState:
        start = stage.start
        with_place = start.written.ranges
        expansion = self._lexer.attempt(start.base, self._args.env)
        linter = self._linter.with_comments(start.written.comments)
        linter.from_args(expansion.unmatched, self._args.env, self._args.declared, with_place)
        if expansion.error is not None:
            raise expansion.error.located(with_place)
        if not expansion.text:
            raise BlankBaseError(start.base, ranges=with_place)
        used = set(expansion.matched)
        state = StageState(
            base_name=expansion.text,
            name=start.name,
            stage_name=start.name or f"stage-{number}",
            source_code=start.written.code,
            ranges=with_place,
            place=with_place,
            comments=start.written.comments,
            instructions=list(stage.commands),
        )
        if start.platform:
            state.platform = self._platform(start, linter, used)
        if start.name and start.name not in (SCRATCH, "context"):
            given = state.platform or self._platform_of_contexts
            state.context = named_context(self._options, start.name, given)
        state.ignore_cache = self._ignores_cache(start.name)
        state.uses = Uses(dict(self._args.declared), used)
        return state

    def _platform(self, start: ins.From, linter: Linter, used: set[str]) -> Platform:
        ranges = start.written.ranges
        env = self._args.env
        expansion = self._lexer.attempt(start.platform, env)
        linter.from_args(expansion.unmatched, env, self._args.declared, ranges)
        linter.from_platform(start, expansion, env)
        if expansion.error is not None:
            prefix = "failed to process arguments for platform : "
            raise expansion.error.located(ranges, prefix)
        used |= expansion.matched
        near = ""
        for unmatched in sorted(expansion.unmatched):
            near = near or suggestion(unmatched, env, case_sensitive=True)
        if not expansion.text:
            raise DockerfileError(
                f"empty platform value from expression {start.platform}{near}", ranges=ranges
            )
        try:
            return platforms.specified(expansion.text)
        except InvalidPlatform as error:
            raise DockerfileError(
                f"failed to parse platform {start.platform}: {error}{near}", ranges=ranges
            ) from error

    def _ignores_cache(self, name: str) -> bool:
        return self._options.no_cache or any(
            name.lower() == wanted.lower() for wanted in self._options.no_cache_filter
        )

    def _count(self, state: StageState) -> None:
        state.cmd_total = int(state.base is None and state.base_name != SCRATCH)
        state.cmd_total += sum(isinstance(i, _LAYERED) for i in state.instructions)

    def _add(self, state: StageState) -> None:
        self.states.append(state)
        if state.context is None:
            state.base = self._by_name.get(state.base_name)
        if state.base is not None:
            state.uses = Uses(dict(state.base.uses.args), state.base.uses.used | state.uses.used)
        if state.name:
            self._by_name[state.name.lower()] = state

    def _find_target(self) -> StageState:
        wanted = self._options.target
        if not wanted:
            return self.states[-1]
        found = self._by_name.get(wanted.lower())
        if found is None:
            near = suggestion(wanted, self.names(), case_sensitive=True)
            raise StageNotFoundError(f"target stage {go_quote(wanted)} could not be found{near}")
        return found

    def _by_number(self, number: int) -> StageState:
        if not 0 <= number < len(self.states):
            raise StageNotFoundError(f"invalid stage index {number}")
        return self.states[number]

    def names(self) -> list[str]:
        """The names that a user could have meant."""
        return [state.stage_name for state in self.states if state.stage_name]

    def _link(self, state: StageState) -> None:
        if state.context is not None:
            return  # a named context stands for the stage: what it says is never run
        for instruction in state.instructions:
            command = self.command(instruction)
            state.commands.append(command)
            self._depend(state, command)

    def _depend(self, state: StageState, command: Command) -> None:
        for source in command.sources:
            state.deps[source] = command.instruction.written.ranges
            if source.unregistered and not source.listed:
                source.listed = True
                self._add(source)

    def command(self, instruction: ins.Instruction) -> Command:
        """``instruction`` with the stages that it names looked up."""
        if isinstance(instruction, ins.Copy) and instruction.from_:
            return Command(instruction, (self._copy_source(instruction),))
        if isinstance(instruction, ins.Run) and instruction.mounts:
            return Command(
                instruction,
                tuple(
                    self._by_name.get(name.lower())
                    or StageState(
                        name,
                        place=instruction.written.ranges,
                        unregistered=True,
                        why="RUN --mount from",
                    )
                    for name in (source or SCRATCH for source in instruction.mount_sources)
                ),
            )
        return Command(instruction)

    def _copy_source(self, copy: ins.Copy) -> StageState:
        ranges = copy.written.ranges
        if self._lexer.word(copy.from_, {}) != copy.from_:
            raise DockerfileError(_MISSING_FROM, hint="or allow it with --copy-from-variables")
        if _NUMBER.fullmatch(copy.from_):
            return self._by_number(int(copy.from_))
        return self._by_name.get(copy.from_.lower()) or StageState(
            copy.from_, ranges=ranges, place=ranges, unregistered=True, why="COPY --from"
        )

    def take_triggers(self, state: StageState, triggers: Iterable[ins.Instruction]) -> bool:
        """ONBUILD triggers before the stage's own commands; whether they need more stages."""
        commands = [self.command(trigger) for trigger in triggers]
        for command in commands:
            command.on_build = True
            self._depend(state, command)
        state.commands[:0] = commands
        state.cmd_total += len(commands)
        return any(command.sources for command in commands)

    def _refuse_cycles(self) -> None:
        visited: set[StageState] = set()
        for root in self.states:
            path: dict[StageState, None] = {}
            stack: list[tuple[StageState, Iterator[StageState]]] = []
            if root not in visited:
                visited.add(root)
                path[root] = None
                stack.append((root, iter(root.deps)))
            while stack:
                state, following = stack[-1]
                for dep in following:
                    if dep in path:
                        raise CircularDependencyError(
                            f"circular dependency detected on stage: {root.stage_name}",
                            ranges=_cycle_ranges([*path], dep),
                        )
                    if dep not in visited:
                        visited.add(dep)
                        path[dep] = None
                        stack.append((dep, iter(dep.deps)))
                        break
                else:
                    stack.pop()
                    path.pop(state)

    def reachable(self, *, everything: bool = False) -> set[StageState]:
        """The stages that the target needs, itself included."""
        if everything:
            return set(self.states)
        found = {self.target}
        stack = [self.target]
        while stack:
            state = stack.pop()
            needed = [*state.deps, *([state.base] if state.base is not None else ())]
            for dep in needed:
                if dep not in found:
                    found.add(dep)
                    stack.append(dep)
        return found


def _cycle_ranges(path: list[StageState], back_to: StageState) -> tuple[SourceRange, ...]:
    ranges: list[SourceRange] = []
    for state, following in zip(path, [*path[1:], back_to], strict=True):
        ranges += state.deps.get(following, ())
    return tuple(ranges)


def named_context(options: ConvertOptions, name: str, platform: Platform) -> str | None:
    """The key of the named context that stands for the stage or image ``name``, or None.

    Raises DockerfileError where ``name`` could be no image's.
    """
    try:
        reference = references.parse(name)
    except InvalidReference as error:
        raise DockerfileError(f"invalid context name {name}: {error.why}") from error
    if not options.named_contexts:
        return None
    familiar = reference.familiar().removesuffix(":latest")
    for key in (f"{familiar}::{platforms.normalize(platform).full}", familiar):
        if key in options.named_contexts:
            return key
    return None
