"""``regdoctor build``: look first, build, and explain what broke."""

# Annotations are no text here: typer would evaluate each anew at every start, 30 ms of it.

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from regdoctor.cli.faults import UsageError
from regdoctor.cli.stopping import until_stopped

_LEGACY = {
    "--isolation": "steps run as --sandbox says",
    "--security-opt": "what a step may do, --allow and RUN --security say",
    "--compress": "the context is not sent anywhere",
    "--squash": "stages keep an image small: COPY --from",
    "--rm": "no step leaves a container behind",
    "--force-rm": "no step leaves a container behind",
    "--disable-content-trust": "signatures of docker's content trust are not asked for",
}
"""What docker accepts and BuildKit ignores; so do we, and say why."""

_REFUSED = {
    **dict.fromkeys(
        ("--tls-ca", "--tls-cert", "--tls-key", "--tls-server-name"),
        "it is about the way to a daemon, and only --builder local is supported yet",
    ),
    "--invoke": "a step that failed cannot be entered here",
    "--detach": "the build runs in this process, and no server would go on with it",
    "--server-config": "the build runs in this process, and no server is started for it",
}
"""What docker buildx or the contract has and we have not, each with its reason."""

Strings = list[str]


def _many(*names: str, help: str) -> Any:
    return typer.Option(*names, help=help, show_default=False)


def build(
    context: Annotated[str, typer.Argument(metavar="PATH|URL|-", help="The build context.")],
    file: Annotated[str, _many("-f", "--file", help="Dockerfile; '-' reads it from stdin.")] = "",
    tag: Annotated[Strings | None, _many("-t", "--tag", help="Name of the image.")] = None,
    build_arg: Annotated[Strings | None, _many("--build-arg", help="NAME=VALUE for ARG.")] = None,
    build_arg_file: Annotated[
        list[Path] | None, _many("--build-arg-file", help="File of NAME=VALUE lines.")
    ] = None,
    build_context: Annotated[
        Strings | None,
        _many("--build-context", help="NAME=PATH, URL, docker-image:// or oci-layout://."),
    ] = None,
    target: Annotated[str, _many("--target", help="Stage to build.")] = "",
    platform: Annotated[
        Strings | None, _many("--platform", help="Platforms to build for, an index of several.")
    ] = None,
    pull: Annotated[bool, _many("--pull", help="Ask the registry for every base again.")] = False,
    no_cache: Annotated[bool, _many("--no-cache", help="Run every step.")] = False,
    no_cache_filter: Annotated[
        Strings | None, _many("--no-cache-filter", help="Stages to build without cache.")
    ] = None,
    output: Annotated[
        Strings | None,
        _many("-o", "--output", help="type=image|registry|oci|docker|local|tar|cacheonly,..."),
    ] = None,
    push: Annotated[bool, _many("--push", help="Push the image to its registry.")] = False,
    load: Annotated[bool, _many("--load", help="Load the image into docker or podman.")] = False,
    cache_from: Annotated[
        Strings | None, _many("--cache-from", help="REF or type=registry|local,ref=|src=...")
    ] = None,
    cache_to: Annotated[
        Strings | None,
        _many("--cache-to", help="type=inline|registry|local,ref=|dest=...,mode=min|max,..."),
    ] = None,
    secret: Annotated[
        Strings | None, _many("--secret", help="id=ID[,src=FILE|env=NAME] for RUN --mount.")
    ] = None,
    ssh: Annotated[
        Strings | None, _many("--ssh", help="ID[=SOCKET|KEY[,KEY...]] for RUN --mount and git.")
    ] = None,
    attest: Annotated[
        Strings | None, _many("--attest", help="type=provenance,mode=min|max,...")
    ] = None,
    sbom: Annotated[str, _many("--sbom", help="true or generator=IMAGE[,KEY=VALUE].")] = "",
    provenance: Annotated[
        str, _many("--provenance", help="false, true or mode=min|max,version=v1|v0.2,...")
    ] = "",
    annotation: Annotated[
        Strings | None,
        _many("--annotation", help="[TYPE[PLATFORM]:]KEY=VALUE on manifest or index."),
    ] = None,
    label: Annotated[Strings | None, _many("--label", help="KEY=VALUE on the image.")] = None,
    allow: Annotated[
        Strings | None, _many("--allow", help="network.host or security.insecure.")
    ] = None,
    network: Annotated[str, _many("--network", help="default, none or host.")] = "",
    add_host: Annotated[Strings | None, _many("--add-host", help="HOST:IP in RUN.")] = None,
    shm_size: Annotated[str, _many("--shm-size", help="Size of /dev/shm in RUN.")] = "",
    ulimit: Annotated[Strings | None, _many("--ulimit", help="NAME=SOFT[:HARD].")] = None,
    cgroup_parent: Annotated[str, _many("--cgroup-parent", help="Parent cgroup of RUN.")] = "",
    resource: Annotated[
        Strings | None, _many("--resource", help="memory=1g,cpu-quota=50000,... of RUN.")
    ] = None,
    call: Annotated[
        str,
        _many(
            "--call",
            help="build, check, outline, targets or convertllb; ,format=json ,ignorestatus.",
        ),
    ] = "build",
    check: Annotated[bool, _many("--check", help="Lint the Dockerfile and stop.")] = False,
    progress: Annotated[
        str, _many("--progress", help="auto, tty, plain, quiet, rawjson or none.")
    ] = "",
    iidfile: Annotated[Path | None, _many("--iidfile", help="Write the image id there.")] = None,
    metadata_file: Annotated[
        Path | None, _many("--metadata-file", help="Write the result as JSON there.")
    ] = None,
    quiet: Annotated[bool, _many("-q", "--quiet", help="Print the image id only.")] = False,
    debug: Annotated[bool, _many("-D", "--debug", help="Expand warnings.")] = False,
    builder: Annotated[str, _many("--builder", help="local.")] = "local",
    policy: Annotated[
        Strings | None, _many("--policy", help="File of rules for sources, as JSON.")
    ] = None,
    config: Annotated[
        Path | None, _many("--config", help="Registry settings in buildkitd.toml's form.")
    ] = None,
    as_client: Annotated[
        str, _many("--as", help="Mirrors and trust of docker, buildkit, podman ... on this host.")
    ] = "",
    ca: Annotated[
        list[Path] | None, _many("--ca", help="An extra root (PEM) for every registry.")
    ] = None,
    resolve: Annotated[
        Strings | None, _many("--resolve", help="HOST:PORT:ADDR, as curl's.")
    ] = None,
    preflight: Annotated[
        str, _many("--preflight", help="auto: probe first; only: probe and stop; off.")
    ] = "auto",
    run_ca: Annotated[
        str, _many("--run-ca", help="FILE of a CA that RUN steps trust, or system.")
    ] = "",
    explain_cache: Annotated[
        bool, _many("--explain-cache", help="Say for every step why it was cached or not.")
    ] = False,
    offline: Annotated[
        bool, _many("--offline", help="Ask no network; use what the local store has.")
    ] = False,
    max_parallelism: Annotated[
        int | None, _many("--max-parallelism", help="Steps that may run at once.")
    ] = None,
    ignore_file: Annotated[
        Path | None, _many("--ignore-file", help="Takes the place of .dockerignore.")
    ] = None,
    copy_from_variables: Annotated[
        bool, _many("--copy-from-variables", help="Variables in COPY --from (an extension).")
    ] = False,
    frontend: Annotated[str, _many("--frontend", help="builtin.")] = "builtin",
    sandbox: Annotated[str, _many("--sandbox", help="auto, runc or crun.")] = "auto",
    root: Annotated[Path | None, _many("--root", help="State directory.")] = None,
    report: Annotated[
        Path | None,
        _many("--report", help="FILE.html: a page about the build; FILE.json: findings."),
    ] = None,
    tls_ca: Annotated[str, typer.Option(hidden=True)] = "",
    tls_cert: Annotated[str, typer.Option(hidden=True)] = "",
    tls_key: Annotated[str, typer.Option(hidden=True)] = "",
    tls_server_name: Annotated[str, typer.Option(hidden=True)] = "",
    invoke: Annotated[str, typer.Option(hidden=True)] = "",
    detach: Annotated[bool, typer.Option("--detach", hidden=True)] = False,
    server_config: Annotated[str, typer.Option(hidden=True)] = "",
    call_once: Annotated[str, typer.Option("--print", hidden=True)] = "",
    memory: Annotated[str, typer.Option("-m", "--memory", hidden=True)] = "",
    memory_swap: Annotated[str, typer.Option(hidden=True)] = "",
    cpu_shares: Annotated[str, typer.Option("-c", "--cpu-shares", hidden=True)] = "",
    cpu_period: Annotated[str, typer.Option(hidden=True)] = "",
    cpu_quota: Annotated[str, typer.Option(hidden=True)] = "",
    cpuset_cpus: Annotated[str, typer.Option(hidden=True)] = "",
    cpuset_mems: Annotated[str, typer.Option(hidden=True)] = "",
    isolation: Annotated[str, typer.Option(hidden=True)] = "",
    security_opt: Annotated[Strings | None, typer.Option(hidden=True)] = None,
    compress: Annotated[bool, typer.Option("--compress", hidden=True)] = False,
    squash: Annotated[bool, typer.Option("--squash", hidden=True)] = False,
    rm: Annotated[bool, typer.Option("--rm", hidden=True)] = False,
    force_rm: Annotated[bool, typer.Option("--force-rm", hidden=True)] = False,
    disable_content_trust: Annotated[
        bool, typer.Option("--disable-content-trust", hidden=True)
    ] = False,
) -> int:
    """Build an image from a Dockerfile; look first, and explain what broke.

    \b
    Examples:
      regdoctor build -t registry.example.com/app:1 --push .
      regdoctor build --ca company-root.pem -o type=oci,dest=app.tar .
    """
    given = dict(locals())
    _refuse(given)
    for flag, why in _LEGACY.items():
        if given[flag.lstrip("-").replace("-", "_")] not in (None, False, "", "default"):
            sys.stderr.write(f"warning: {flag} has no effect here: {why}\n")
    if given["call_once"]:
        sys.stderr.write("warning: --print is the old name of --call\n")
        given["call"] = given["call_once"] if given["call"] == "build" else given["call"]
    asked = "check" if given["check"] and given["call"] == "build" else given["call"]
    if asked != "build":
        from regdoctor.cli import callrun

        return until_stopped(callrun.prepare(callrun.read_call(asked), given, os.environ))
    from regdoctor.cli import buildrun

    return until_stopped(buildrun.prepare(given, os.environ))


def _refuse(given: dict[str, Any]) -> None:
    """Flags of the contract that cannot be kept yet: better refused than ignored."""
    for flag, why in _REFUSED.items():
        if given[flag.lstrip("-").replace("-", "_")]:
            raise UsageError(f"{flag}: {why}")
    if given["builder"] not in ("local", "default", ""):
        raise UsageError(f"--builder {given['builder']}: only local is supported yet")
    if given["frontend"] != "builtin":
        raise UsageError(f"--frontend {given['frontend']}: only builtin is supported yet")
    if given["preflight"] not in ("auto", "only", "off"):
        raise UsageError(f"--preflight {given['preflight']}: choose auto, only or off")
