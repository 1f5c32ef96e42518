"""Instructions that change the image config or the environment of later steps."""

from __future__ import annotations

from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.dispatch import NO_ENV_ARGS, Step, expanded_pairs, go_list
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.image import describe_healthcheck
from builder.frontend.dockerfile.naming import described, expanded, located
from builder.frontend.dockerfile.outline import KnownArg
from builder.frontend.dockerfile.owners import chown_option
from builder.frontend.dockerfile.paths import clean, is_absolute, native
from builder.frontend.dockerfile.paths import workdir as workdir_path
from builder.frontend.dockerfile.ports import parse_ports
from builder.frontend.dockerfile.signals import check_signal
from builder.llb.ops import MkDir
from builder.llb.state import FileStep, FileVertex
from builder.oci.goquote import go_quote


def _legacy(step: Step, pair: ins.KeyValue) -> None:
    if pair.legacy:
        name = step.keyword
        step.linter.warn(
            "LegacyKeyValueFormat",
            f'"{name} key=value" should be used instead of legacy "{name} key value" format',
            step.ranges,
        )


def env(step: Step, instruction: ins.Env) -> None:
    text = "ENV"
    for pair in expanded_pairs(step, instruction.pairs):
        _legacy(step, pair)
        step.linter.secret_name("ENV", pair.key, step.ranges)
        text += f" {pair.key}={pair.value}"
        step.state.root.set_env(pair.key, pair.value)
        step.image.set_env(pair.key, pair.value)
    step.image.commit(text, layer=False)


def label(step: Step, instruction: ins.Label) -> None:
    text = "LABEL"
    labels = dict(step.image.config.get("Labels") or {})
    for pair in expanded_pairs(step, instruction.pairs):
        _legacy(step, pair)
        labels[pair.key] = pair.value
        text += f" {pair.key}={pair.value}"
    step.image.config["Labels"] = labels
    step.image.commit(text, layer=False)


def arg(step: Step, instruction: ins.Arg) -> None:
    texts = []
    given, inherited = step.conversion.options.build_args, step.conversion.args.env
    for declared in instruction.args:
        step.linter.secret_name("ARG", declared.key, step.ranges)
        value = given.get(declared.key)
        known = value is None and declared.value is None and declared.key in inherited
        if known:
            value = inherited[declared.key]
        elif value is None and declared.value is not None:
            value = step.expand(declared.value)
        if value is not None and declared.key not in NO_ENV_ARGS:
            step.state.root.set_env(declared.key, value)
        if not known:
            written = instruction.written
            step.state.uses.args[declared.key] = KnownArg(
                declared.key, value or "", written.ranges, written.comments
            )
        step.state.uses.used.add(declared.key)
        step.state.build_args.append(ins.OptionalKeyValue(declared.key, value))
        texts.append(declared.key if value is None else f"{declared.key}={value}")
    step.image.commit(f"ARG {' '.join(texts)}", layer=False)


def maintainer(step: Step, instruction: ins.Maintainer) -> None:
    step.image.author = instruction.name
    step.image.commit(f"MAINTAINER {instruction.name}", layer=False)


def _arguments(step: Step, command: tuple[str, ...], *, shell: bool) -> list[str]:
    if not shell:
        return list(command)
    if not step.image.config.get("Shell"):
        step.linter.warn(
            "JSONArgsRecommended",
            f"JSON arguments recommended for {step.keyword} to prevent unintended behavior "
            "related to OS signals",
            step.ranges,
        )
    return step.shell_command(command)


def cmd(step: Step, instruction: ins.Cmd) -> None:
    step.said_once("CMD")
    args = _arguments(step, instruction.command, shell=instruction.shell)
    step.image.config["Cmd"] = args
    step.image.config["ArgsEscaped"] = True
    step.image.commit(f"CMD {go_list([go_quote(a) for a in args])}", layer=False)


def entrypoint(step: Step, instruction: ins.Entrypoint) -> None:
    step.said_once("ENTRYPOINT")
    args = _arguments(step, instruction.command, shell=instruction.shell)
    step.image.config["Entrypoint"] = args
    if "CMD" not in step.state.seen_once:
        step.image.config.pop("Cmd", None)
    step.image.commit(f"ENTRYPOINT {go_list([go_quote(a) for a in args])}", layer=False)


def healthcheck(step: Step, instruction: ins.Healthcheck) -> None:
    step.said_once("HEALTHCHECK")
    step.image.set_healthcheck(instruction)
    step.image.commit(describe_healthcheck(instruction), layer=False)


def expose(step: Step, instruction: ins.Expose) -> None:
    # Unset variables are not remarked on here.
    lexer, env = step.conversion.lexer, step.env
    words = [word for port in instruction.ports for word in lexer.expand(port, env).words]
    ports = [port for word in words for port in parse_ports(word, step.linter, step.ranges)]
    exposed = dict(step.image.config.get("ExposedPorts") or {})
    exposed.update({port: {} for port in ports})
    step.image.config["ExposedPorts"] = exposed
    step.image.commit(f"EXPOSE {go_list(ports)}", layer=False)


def user(step: Step, instruction: ins.User) -> None:
    name = step.expand(instruction.user)
    step.state.root.user = name
    step.image.config["User"] = name
    step.image.commit(f"USER {name}", layer=False)


def volume(step: Step, instruction: ins.Volume) -> None:
    paths = [step.expand(path) for path in instruction.paths]
    if not all(paths):
        raise DockerfileError("VOLUME specified can not be an empty string")
    volumes = dict(step.image.config.get("Volumes") or {})
    volumes.update({path: {} for path in paths})
    step.image.config["Volumes"] = volumes
    step.image.commit(f"VOLUME {go_list(paths)}", layer=False)


def stop_signal(step: Step, instruction: ins.StopSignal) -> None:
    signal = step.expand(instruction.signal)
    check_signal(signal)
    step.image.config["StopSignal"] = signal
    step.image.commit(f"STOPSIGNAL {signal}", layer=False)


def shell(step: Step, instruction: ins.Shell) -> None:
    step.image.config["Shell"] = list(instruction.command)
    step.image.commit(f"SHELL {go_list(instruction.command)}", layer=False)


def on_build(step: Step, instruction: ins.OnBuild) -> None:
    triggers = step.image.words("OnBuild")
    step.image.config["OnBuild"] = [*triggers, instruction.expression]


def workdir(step: Step, instruction: ins.Workdir) -> None:
    path = step.expand(instruction.path)
    if not step.state.workdir_set and not is_absolute(path, step.platform.os):
        step.linter.warn(
            "WorkdirRelativePath",
            f"Relative workdir {go_quote(path)} can have unexpected results if the base image "
            "changes",
            step.ranges,
        )
    step.state.workdir_set = True
    directory = workdir_path(step.image.text("WorkingDir"), path, step.platform.os)
    step.image.config["WorkingDir"] = native(directory, step.platform.os)
    step.state.root.cwd = directory
    if directory != "/":
        _make_directory(step, directory)
    step.image.commit(f"WORKDIR {directory}", layer=directory != "/")


def _make_directory(step: Step, directory: str) -> None:
    name = expanded(step.conversion.lexer, step.code, step.env)
    owner = step.image.text("User")
    action = MkDir(
        path=clean(directory),
        mode=0o755,
        make_parents=True,
        owner=chown_option(owner) if owner else None,
        timestamp=step.conversion.timestamp,
    )
    vertex = FileVertex(
        described(step.conversion.namer.next(step.state, name, step.env, step.platform)),
        located(step.ranges),
        base=step.state.root.output,
        steps=(FileStep(action),),
    )
    step.state.root.output = vertex.output()
