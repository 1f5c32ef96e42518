"""A Dockerfile and its options to a build graph: the frontend's front door."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from builder.frontend.dockerfile import dispatch_config, dispatch_copy, dispatch_run, lintconfig
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.contexts import Contexts, dockerfile_definition
from builder.frontend.dockerfile.dispatch import Dispatching, Handler, dispatch
from builder.frontend.dockerfile.epoch import resolve_epoch, with_epoch
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.extensions import with_copy_sources
from builder.frontend.dockerfile.grammar import parse, parse_trigger
from builder.frontend.dockerfile.ignore import IgnoreMatcher
from builder.frontend.dockerfile.image import ImageConfig, default_path
from builder.frontend.dockerfile.lint import Linter
from builder.frontend.dockerfile.lintconfig import LintConfig
from builder.frontend.dockerfile.naming import Namer
from builder.frontend.dockerfile.options import (
    Conversion,
    ConvertOptions,
    ImageUse,
    LintWarning,
    MetaResolver,
    StageInfo,
)
from builder.frontend.dockerfile.paths import native, workdir
from builder.frontend.dockerfile.resolution import BaseImages
from builder.frontend.dockerfile.shell import Lexer
from builder.frontend.dockerfile.stages import (
    SCRATCH,
    StageGraph,
    StageState,
    global_args,
    named_context,
)
from builder.llb.definition import Definition, SourceFile
from builder.llb.errors import LLBError
from builder.llb.ops import ProxyEnv
from builder.llb.state import marshal
from builder.oci import platform as platforms
from builder.oci.platform import Platform

_HANDLERS: dict[type, Handler] = {
    ins.Add: dispatch_copy.add,
    ins.Arg: dispatch_config.arg,
    ins.Cmd: dispatch_config.cmd,
    ins.Copy: dispatch_copy.copy,
    ins.Entrypoint: dispatch_config.entrypoint,
    ins.Env: dispatch_config.env,
    ins.Expose: dispatch_config.expose,
    ins.Healthcheck: dispatch_config.healthcheck,
    ins.Label: dispatch_config.label,
    ins.Maintainer: dispatch_config.maintainer,
    ins.OnBuild: dispatch_config.on_build,
    ins.Run: dispatch_run.run,
    ins.Shell: dispatch_config.shell,
    ins.StopSignal: dispatch_config.stop_signal,
    ins.User: dispatch_config.user,
    ins.Volume: dispatch_config.volume,
    ins.Workdir: dispatch_config.workdir,
}
_MAX_TRIGGER_ROUNDS = 10
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")


def references_of(dockerfile: ins.Dockerfile, options: ConvertOptions) -> tuple[ImageUse, ...]:
    """Every image that building the target is known to need, without asking anyone.

    ONBUILD triggers of base images may add more. Raises DockerfileError.
    """
    lexer = Lexer(escape=dockerfile.escape)
    args = global_args(dockerfile, options, lexer)
    if options.copy_from_variables:
        dockerfile = with_copy_sources(dockerfile, options, args, lexer)
    graph = StageGraph(dockerfile, options, args, lexer, Linter())
    return _syntax_use(dockerfile, options) + _uses(graph, options)


def variables_of(dockerfile: ins.Dockerfile, options: ConvertOptions) -> Mapping[str, str]:
    """What FROM lines see: platform arguments, and the ARGs before the first stage that have a
    value. Raises DockerfileError."""
    return global_args(dockerfile, options, Lexer(escape=dockerfile.escape)).env


def _syntax_use(dockerfile: ins.Dockerfile, options: ConvertOptions) -> tuple[ImageUse, ...]:
    frontend = _frontend(dockerfile, options)
    if not frontend:
        return ()
    directive = dockerfile.directives.get("syntax")
    line = directive.line if directive else 0
    return (ImageUse(frontend, options.platforms[0], "syntax", line),)


def _frontend(dockerfile: ins.Dockerfile, options: ConvertOptions) -> str:
    """The image of the frontend that was asked for, empty for the one that is built in."""
    directive = dockerfile.directives.get("syntax")
    text = options.build_args.get("BUILDKIT_SYNTAX") or (directive.value if directive else "")
    return next(iter(text.split()), "")


def _labs(dockerfile: ins.Dockerfile, options: ConvertOptions) -> bool:
    """Whether the channel with what is on trial was asked for: ``:labs``, ``:1.26-labs``."""
    tag = _frontend(dockerfile, options).partition("@")[0].rpartition("/")[2].partition(":")[2]
    return tag == "labs" or tag.endswith("-labs")


def _uses(graph: StageGraph, options: ConvertOptions) -> tuple[ImageUse, ...]:
    reachable = graph.reachable()
    uses = []
    for state in graph.states:
        if state in reachable and state.base is None:
            use = _use(state, options)
            if use is not None:
                uses.append(use)
    return tuple(uses)


def _use(state: StageState, options: ConvertOptions) -> ImageUse | None:
    platform = state.platform or options.platform
    key = state.context
    if key is None:
        if state.base_name == SCRATCH:
            return None
        key = _context_for(options, state.base_name, platform)
    text = state.base_name
    if key is not None:
        scheme, _, rest = options.named_contexts[key].partition(":")
        if scheme != "docker-image" or rest.removeprefix("//") == SCRATCH:
            return None
        text = rest.removeprefix("//")
    line = state.place[0].start if state.place else 0
    return ImageUse(text, platform, state.why, line, state.place)


def _context_for(options: ConvertOptions, name: str, platform: Platform) -> str | None:
    try:
        return named_context(options, name, platform)
    except DockerfileError:
        return None  # refused once it is resolved


class Dispatched(Struct, frozen=True):
    """A file whose stages have been gone through; ``reachable`` are those that took part."""

    dockerfile: ins.Dockerfile
    graph: StageGraph
    dispatching: Dispatching
    uses: tuple[ImageUse, ...]
    reachable: set[StageState]


async def convert(
    source: bytes | ins.Dockerfile,
    filename: str,
    options: ConvertOptions,
    resolver: MetaResolver,
    warn: Callable[[LintWarning], None] | None = None,
) -> Conversion:
    """The graph of the target stage of ``source``, which may be parsed already.

    ``warn`` hears warnings as they are found.

    Raises DockerfileError for what is wrong with the file, BaseImageError (one of them) for
    an image that ``resolver`` cannot answer for.
    """
    return _finish(await dispatched(source, filename, options, resolver, warn))


async def dispatched(
    source: bytes | ins.Dockerfile,
    filename: str,
    options: ConvertOptions,
    resolver: MetaResolver,
    warn: Callable[[LintWarning], None] | None = None,
) -> Dispatched:
    """All but the graph: what questions about a file need. Raises as ``convert`` does."""
    linter = Linter(_lint_config(source, options), tell=warn)
    if isinstance(source, bytes):
        dockerfile = parse(source, filename, linter.remark)
    else:
        dockerfile = source
        for remark in dockerfile.remarks:
            linter.remark(remark)
    lexer = Lexer(escape=dockerfile.escape)
    args = global_args(dockerfile, options, lexer)
    linter.default_args(dockerfile, args.predefined)
    if options.copy_from_variables:
        dockerfile = with_copy_sources(dockerfile, options, args, lexer)
    epoch = await resolve_epoch(dockerfile, options, args.env, lexer)
    options = replace(options, build_args=with_epoch(options.build_args, args.env, epoch))
    graph = StageGraph(dockerfile, options, args, lexer, linter)
    uses = _syntax_use(dockerfile, options) + _uses(graph, options)
    namer, contexts = Namer(multi_platform=options.multi_platform), Contexts(options)
    images = BaseImages(graph, options, resolver, contexts, namer, linter)
    reachable = await _resolve(graph, images, everything=options.all_stages)
    dispatching = Dispatching(
        options,
        args,
        lexer,
        namer,
        contexts,
        linter,
        IgnoreMatcher(options.ignore_patterns),
        proxy_env(options.build_args),
        epoch,
        _labs(dockerfile, options),
    )
    for state in [s for s in graph.states if s in reachable]:
        if not state.dispatched:
            _dispatch_stage(dispatching, state)
    linter.raise_if_asked()
    return Dispatched(dockerfile, graph, dispatching, uses, reachable)


def _lint_config(source: bytes | ins.Dockerfile, options: ConvertOptions) -> LintConfig:
    text = source if isinstance(source, bytes) else source.source
    return lintconfig.asked_for(options.build_args) or lintconfig.written_in(text)


async def _resolve(graph: StageGraph, images: BaseImages, *, everything: bool) -> set[StageState]:
    """Resolve until no ONBUILD trigger of a base image names another one."""
    for _ in range(_MAX_TRIGGER_ROUNDS):
        reachable = graph.reachable(everything=everything)
        images.pass_over(s for s in graph.states if s not in reachable)
        await images.resolve([s for s in graph.states if s in reachable])
        more = [
            _take_triggers(graph, state)
            for state in list(graph.states)
            if state in reachable and not state.on_build_taken
        ]
        if not any(more):
            return reachable
    raise DockerfileError("ONBUILD triggers keep naming further images")


def _take_triggers(graph: StageGraph, state: StageState) -> bool:
    """Whether the base's triggers made ``state`` need further stages."""
    state.on_build_taken = True
    expressions: list[str] = []
    if state.base is not None:
        commands = (command.instruction for command in state.base.commands)
        expressions = [c.expression for c in commands if isinstance(c, ins.OnBuild)]
    elif state.image is not None:
        expressions = state.image.words("OnBuild")
        state.image.config.pop("OnBuild", None)
    if not expressions:
        return False
    place = ins.Written(state.source_code, "FROM", state.ranges, state.comments)
    try:
        triggers = [parse_trigger(expression, place) for expression in expressions]
        return graph.take_triggers(state, triggers)
    except DockerfileError as error:
        raise error.relocated(state.ranges) from error


def _dispatch_stage(dispatching: Dispatching, state: StageState) -> None:
    options = dispatching.options
    state.inherit()
    state.dispatched = True
    state.platform = state.platform or options.platform
    if state.image is None:
        state.image = ImageConfig.empty(state.platform)
    image = state.image
    image.epoch = dispatching.epoch
    has_path = any(item.partition("=")[0] == "PATH" for item in image.env)
    if not has_path and state.platform.os != "windows":
        image.set_env("PATH", default_path(state.platform.os))
    for item in image.env:
        key, _, value = item.partition("=")
        state.root.set_env(key, value)
    sandbox = options.build_args.get("BUILDKIT_SANDBOX_HOSTNAME", "")
    state.root.hostname = sandbox or options.hostname
    if image.text("WorkingDir"):
        directory = workdir(image.text("WorkingDir"), image.text("WorkingDir"), state.platform.os)
        image.config["WorkingDir"] = native(directory, state.platform.os)
        state.root.cwd = directory
    if image.text("User"):
        state.root.user = image.text("User")
    state.root.network = options.network
    for command in state.commands:
        dispatch(dispatching, state, command, _HANDLERS)


def proxy_env(build_args: Mapping[str, str]) -> ProxyEnv | None:
    """The proxy variables among the build arguments; lower-case names win."""
    found = {
        name.lower(): build_args[name] for name in sorted(build_args) if name.lower() in _PROXIES
    }
    return ProxyEnv(*(found.get(name, "") for name in _PROXIES)) if found else None


def graph_of(made: Dispatched) -> Definition:
    """The graph of the target. Raises DockerfileError where it cannot be written."""
    dispatching, dockerfile = made.dispatching, made.dockerfile
    target = made.graph.target
    target.paths.add("/")
    dispatching.contexts.settle(path for state in made.reachable for path in state.context_paths)
    try:
        fetched = dockerfile_definition(dockerfile.filename, dispatching.options).encode()
        file = SourceFile(dockerfile.filename, dockerfile.source, fetched, "Dockerfile")
        return marshal(target.root.output, [file])
    except LLBError as error:
        raise DockerfileError(str(error)) from error


def _finish(made: Dispatched) -> Conversion:
    graph, dispatching = made.graph, made.dispatching
    target, options = graph.target, dispatching.options
    image = target.image or ImageConfig.empty(options.platform)
    if options.labels:
        image.config["Labels"] = {**(image.config.get("Labels") or {}), **options.labels}
    if options.target_platform is not None:
        image.platform = _labelled(image.platform, options.target_platform)
    image.platform = platforms.normalize(image.platform)
    try:
        definition = graph_of(made)
    except DockerfileError as error:
        raise error.located((), "failed to marshal LLB definition: ") from error
    return Conversion(
        definition,
        image.to_json(),
        target.base_image.to_json() if target.base_image is not None else None,
        target.platform or options.platform,
        tuple(dispatching.linter.warnings),
        made.uses,
        tuple(
            StageInfo(state.stage_name, state.base_name, state.ranges)
            for state in graph.states
            if state in made.reachable and not state.unregistered
        ),
        target.ignore_cache,
        dispatching.epoch,
    )


def _labelled(image: Platform, wanted: Platform) -> Platform:
    """The platform that the result claims: what was asked for, finer parts kept."""
    same = (image.os, image.architecture) == (wanted.os, wanted.architecture)
    return Platform(
        wanted.os,
        wanted.architecture,
        wanted.variant or (image.variant if same else ""),
        wanted.os_version or (image.os_version if same else ""),
        wanted.os_features or image.os_features,
    )
