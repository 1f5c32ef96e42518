"""RUN: the process, its mounts, network and secrets."""

from __future__ import annotations

from functools import cache

from msgspec.structs import replace

from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.dispatch import Step
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.mounts import MountOption, parse_mount
from builder.frontend.dockerfile.naming import INTERNAL, described, expanded, located, summary
from builder.frontend.dockerfile.outline import KnownMount
from builder.frontend.dockerfile.parser import parse_heredoc
from builder.frontend.dockerfile.paths import base, below_root, clean, join
from builder.frontend.dockerfile.shell import Lexer
from builder.frontend.dockerfile.stages import StageState
from builder.llb.ops import (
    CacheOpt,
    CacheSharing,
    ChownOpt,
    Meta,
    MkDir,
    MkFile,
    Mount,
    MountType,
    NetMode,
    SecretEnv,
    SecretOpt,
    SecurityMode,
    SSHOpt,
    TmpfsOpt,
    UserOpt,
)
from builder.llb.state import ExecVertex, FileStep, FileVertex, MountSpec, Output
from builder.oci.goquote import go_quote

_SHARING = {
    "": CacheSharing.SHARED,
    "shared": CacheSharing.SHARED,
    "private": CacheSharing.PRIVATE,
    "locked": CacheSharing.LOCKED,
}
_NETWORKS = {"none": NetMode.NONE, "host": NetMode.HOST}
_PIPES = "/dev/pipes/"


def run(step: Step, instruction: ins.Run) -> None:
    state, options = step.state, step.conversion.options
    state.paths.add("/")
    mounts = [parse_mount(value, step.expand) for value in instruction.mounts]
    plan = _Mounts(step)
    args, title = _command(step, instruction, plan)
    for mount, source in zip(mounts, step.command.sources, strict=False):
        plan.add(mount, source)
    if instruction.devices and not step.conversion.labs:
        raise DockerfileError(
            "device feature is only supported in Dockerfile frontend 1.14.0-labs or later",
            hint="begin the file with: # syntax=docker/dockerfile:labs",
        )
    if options.shm_size > 0:
        tmpfs = Mount(
            dest="/dev/shm",  # noqa: S108  (the mount point of POSIX shared memory)
            mount_type=MountType.TMPFS,
            tmpfs_opt=TmpfsOpt(options.shm_size),
        )
        plan.mounts.append(MountSpec(tmpfs))
    name = expanded(
        _title_lexer(step.conversion.lexer),
        title,
        {**step.env, **{secret.name: "****" for secret in plan.secretenv}},
    )
    vertex = ExecVertex(
        described(
            step.conversion.namer.next(state, name, step.env, state.root.platform),
            step.code,
            ignore_cache=state.ignore_cache,
        ),
        located(step.ranges),
        state.root.platform or options.platform,
        meta=_meta(step, args, plan),
        mounts=tuple(plan.mounts),
        late=(*plan.secrets, *plan.agents),
        network=_NETWORKS.get(instruction.network, state.root.network),
        security=SecurityMode[instruction.security.upper()],
        secretenv=tuple(plan.secretenv),
        devices=instruction.devices,
    )
    state.root.output = vertex.output()
    step.image.commit(f"RUN {_history(step, args)} # buildkit", layer=True)


@cache
def _title_lexer(lexer: Lexer) -> Lexer:
    """What shows a command: as it is typed, with the variables that are known."""
    return replace(lexer, raw_quotes=True, skip_unset=True)


def _meta(step: Step, args: list[str], plan: _Mounts) -> Meta:
    root, options = step.state.root, step.conversion.options
    env = dict(root.env)
    if plan.agents:
        env.setdefault("SSH_AUTH_SOCK", plan.agents[0].dest)
    return Meta(
        args=tuple(args),
        env=tuple(f"{key}={value}" for key, value in env.items()),
        cwd=root.cwd,
        user=root.user,
        proxy_env=step.conversion.proxy,
        extra_hosts=options.add_hosts,
        hostname=root.hostname,
        ulimit=options.ulimits,
        cgroup_parent=options.cgroup_parent,
        remove_mount_stubs_recursive=True,
    )


def _command(step: Step, instruction: ins.Run, plan: _Mounts) -> tuple[list[str], str]:
    """The arguments, and the text that progress shows."""
    command, title = instruction.command, step.code
    heredocs = instruction.heredocs
    if not heredocs:
        return step.shell_command(command) if instruction.shell else list(command), title
    if parse_heredoc(command[0]) is None:
        # A heredoc beside a command is the shell's own business.
        script = command[0] + "".join(f"\n{h.content}{h.name}" for h in heredocs)
        return step.shell_command((script,)), title
    title += f" ({summary(heredocs[0].content)})"
    script = heredocs[0].text
    if script.startswith("#!") and step.image.platform.os != "windows":
        return step.shell_command((plan.script(heredocs[0].name, script),)), title
    return step.shell_command((script,)), title


def _history(step: Step, args: list[str]) -> str:
    """``|N A=b ...`` of the declared build arguments, then the command."""
    values: dict[str, str] = {}
    for declared in step.state.build_args:
        values[declared.key] = step.env.get(declared.key, declared.value or "")
    prefix = [f"|{len(values)}", *(f"{k}={v}" for k, v in values.items())] if values else []
    return " ".join([*prefix, *args])


class _Mounts:
    """The mounts of one RUN, sorted into what travels how."""

    def __init__(self, step: Step) -> None:
        self._step = step
        root = MountSpec(Mount(dest="/"), step.state.root.output, writes=True)
        self.mounts: list[MountSpec] = [root]
        self.secrets: list[Mount] = []
        self.agents: list[Mount] = []
        self.secretenv: list[SecretEnv] = []

    def script(self, name: str, text: str) -> str:
        """A heredoc with ``#!`` as a file that can be executed; its path."""
        action = MkFile(
            path=below_root(name),
            mode=0o755,
            data=text.encode(errors="surrogateescape"),
            timestamp=-1,
        )
        vertex = FileVertex(
            described(f"{INTERNAL}preparing inline document"), steps=(FileStep(action),)
        )
        mount = Mount(dest=_PIPES, selector="/", readonly=True)
        self.mounts.append(MountSpec(mount, vertex.output()))
        return join(_PIPES, name)

    def add(self, option: MountOption, source: StageState) -> None:
        """``source`` is the stage that ``from`` names (scratch where it names none)."""
        if option.type == "secret":
            self._secret(option)
        elif option.type == "ssh":
            self._agent(option)
        else:
            self._directory(option, source)

    def _directory(self, option: MountOption, stage: StageState) -> None:
        step = self._step
        from_context = not option.from_ and option.type != "cache"
        if not from_context and not stage.dispatched:
            raise DockerfileError(
                f"cannot mount from stage {go_quote(option.from_)} to "
                f"{go_quote(option.target)}, stage needs to be defined before current command"
            )
        output = step.conversion.contexts.main.output() if from_context else stage.root.output
        used = step.state.context_paths if from_context else stage.paths
        target = option.target
        if not clean(target).startswith("/"):
            target = join("/", step.state.root.cwd, target)
        if target == "/":
            raise DockerfileError(f"invalid mount target {go_quote(target)}")
        selector = below_root(option.source)
        if selector == "/":
            selector = ""
            if option.sets_owner:
                selector, output = "/cache", _owned_cache(option, output)
        mount = Mount(
            selector=selector,
            dest=target,
            readonly=bool(option.readonly),
            mount_type=MountType[option.type.upper()],
            tmpfs_opt=TmpfsOpt(option.size) if option.type == "tmpfs" else None,
            cache_opt=self._cache(option) if option.type == "cache" else None,
        )
        self.mounts.append(MountSpec(mount, None if option.type == "tmpfs" else output))
        used.add(below_root(option.source))

    def _cache(self, option: MountOption) -> CacheOpt:
        options = self._step.conversion.options
        namespace = options.cache_namespace or options.build_args.get("BUILDKIT_CACHE_MOUNT_NS", "")
        id_ = option.id or clean(option.target)
        return CacheOpt(f"{namespace}/{id_}", _SHARING[option.sharing])

    def _secret(self, option: MountOption) -> None:
        id_ = option.source or option.id or base(option.target)
        target = option.target
        self._step.state.uses.secrets.setdefault(
            id_, KnownMount(bool(option.required), self._step.ranges)
        )
        if option.env is not None:
            self.secretenv.append(SecretEnv(id_, option.env, optional=not option.required))
            if not target:
                return
        if not target:
            target = f"/run/secrets/{base(id_)}"
        secret = SecretOpt(
            id_,
            option.uid or 0,
            option.gid or 0,
            0o400 if option.mode is None else option.mode,
            optional=not option.required,
        )
        self.secrets.append(
            Mount(input=-1, dest=target, mount_type=MountType.SECRET, secret_opt=secret)
        )

    def _agent(self, option: MountOption) -> None:
        if option.source:
            raise DockerfileError("ssh does not support source")
        agent = SSHOpt(
            option.id,
            option.uid or 0,
            option.gid or 0,
            0o600 if option.mode is None else option.mode,
            optional=not option.required,
        )
        self._step.state.uses.ssh.setdefault(
            option.id or "default", KnownMount(bool(option.required), self._step.ranges)
        )
        target = option.target or f"/run/buildkit/ssh_agent.{len(self.agents)}"
        self.agents.append(Mount(input=-1, dest=target, mount_type=MountType.SSH, ssh_opt=agent))


def _owned_cache(option: MountOption, base: Output | None) -> Output:
    """An empty directory with the owner and mode that a new cache starts with."""
    action = MkDir(
        path="/cache",
        mode=(0o755 if option.mode is None else option.mode) & 0o777,
        owner=ChownOpt(UserOpt(option.uid or 0), UserOpt(option.gid or 0)),
        timestamp=-1,
    )
    name = f"{INTERNAL}setting cache mount permissions"
    return FileVertex(described(name), base=base, steps=(FileStep(action),)).output()
