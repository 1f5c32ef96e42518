"""``regdoctor check``: look, judge, tell."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.errors import BuilderError
from regdoctor.cli import exits
from regdoctor.cli.exchanges import print_exchange
from regdoctor.cli.faults import UsageError, say
from regdoctor.cli.homes import home_below
from regdoctor.cli.version import version
from regdoctor.model.report import Report, Tool, summarise
from regdoctor.render.table import FORMATS, renderer

if TYPE_CHECKING:
    from builder.registry import Credential
    from builder.transport import ClientCertificate
    from regdoctor.diagnose import Diagnosis, Settings, Wanted

_CLIENTS = (
    *("regdoctor", "docker", "docker-build", "docker-desktop", "docker-desktop-build", "buildkit"),
    *("buildx", "containerd", "ctr", "nerdctl", "k3s", "rke2", "kind", "podman", "buildah"),
    *("skopeo", "cri-o", "kaniko", "crane", "all"),
)


def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="A build context or Dockerfile, an image, a registry host[:port], or a URL.",
            show_default=False,
        ),
    ] = None,
    as_client: Annotated[
        str,
        typer.Option(
            "--as", metavar="CLIENT|all", help=f"Judge for: {', '.join(_CLIENTS)} but kaniko."
        ),
    ] = "regdoctor",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Registry settings, as buildkitd.toml's.")
    ] = None,
    ca: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="An extra root, in PEM form.")
    ] = None,
    resolve: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT:ADDR", help="Connect to ADDR for HOST:PORT."),
    ] = None,
    user: Annotated[
        str, typer.Option("-u", "--user", metavar="USER", help="Log in; with --password-stdin.")
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A client certificate, in PEM form.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The key of --cert, in PEM form.")
    ] = None,
    push: Annotated[
        str,
        typer.Option(
            metavar="REPO",
            help="Write to HOST/REPOSITORY, or to REPOSITORY at the one registry of the targets: "
            "uploads that are given up, small images that are deleted again.",
        ),
    ] = "",
    host_root: Annotated[
        Path, typer.Option(metavar="DIR", help="Judge the configuration files below DIR.")
    ] = Path("/"),
    timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds for each wait.", show_default=True)
    ] = 10.0,
    fail_on: Annotated[
        str, typer.Option(metavar="error|warning|never", help="Exit with 1 from here on.")
    ] = "error",
    format_: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="Form of the report.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the report there.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep what was seen, without secrets.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Judge what --save kept; no network.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Print every exchange, secrets redacted.")
    ] = False,
) -> int:
    """Find out why a registry, a mirror or a certificate stops a build or a pull.

    \b
    Examples:
      regdoctor check registry.example.com:5000
      regdoctor check --ca corporate-root.pem --push team/scratch registry.example.com/team/app:1.0
    """
    _check_choices(as_client, fail_on, format_)
    if not host_root.is_dir():
        raise UsageError(f"--host-root {host_root}: no such directory")
    began, started = time.monotonic(), dt.datetime.now(dt.UTC)
    clients, judged_by = _asked(as_client)
    if replay is not None:
        diagnosis = _replayed(replay, targets, push)
    else:
        settings = replace(
            _settings(clients, config, ca or (), resolve or (), host_root, timeout),
            judged_by=judged_by,
            credential=_credential(user, password_stdin),
            client_certificate=_client_certificate(cert, key),
            on_exchange=print_exchange if verbose else None,
        )
        diagnosis = asyncio.run(_diagnosed(targets or ([] if push else ["."]), push, settings))
    report = Report(
        tool=Tool("regdoctor", version()),
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        targets=diagnosis.targets,
        findings=diagnosis.findings,
        open=diagnosis.questions,
        summary=summarise(diagnosis.findings, time.monotonic() - began),
    )
    if save is not None:
        _save(save, diagnosis)
    _write(report, format_, output)
    return _exit_code(diagnosis, report, fail_on)


def _check_choices(as_client: str, fail_on: str, format_: str) -> None:
    for flag, value, choices in (
        ("--as", as_client, _CLIENTS),
        ("--fail-on", fail_on, ("error", "warning", "never")),
        ("--format", format_, FORMATS),
    ):
        if value not in choices:
            raise UsageError(f"{flag} {value}: not one of {', '.join(choices)}")


def _asked(name: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The clients to judge for, and the program by whose rules, where it is not the usual one."""
    from regdoctor.clients.table import CLIENTS, OWN, PROGRAMS

    if name == OWN:
        return (OWN,), {}
    if name == "all":
        # What kaniko trusts stands on its command line alone: no file of this host tells.
        return (OWN, *(client.name for client in CLIENTS if client.name != "kaniko")), {}
    client, program = PROGRAMS[name]
    return (client,), {client: program}


def _settings(
    clients: tuple[str, ...],
    config: Path | None,
    ca: Sequence[Path],
    resolve: Sequence[str],
    host_root: Path,
    timeout: float,
) -> Settings:
    from builder.engine.place import default_root
    from builder.registry import RegistryConfig
    from regdoctor.diagnose import Settings

    try:
        loaded = RegistryConfig.load(config, ca=ca, resolve=resolve, root=host_root)
        settings = Settings(
            config=loaded,
            clients=clients,
            timeout=timeout,
            host_root=host_root,
            home=home_below(host_root),
            state=default_root(os.environ),
        )
        # Both are read when first needed; a fault in them is the user's, and told now.
        _ = loaded.roots, settings.overrides
    except BuilderError as error:
        raise UsageError(str(error), hint=error.hint) from error
    return settings


def _credential(user: str, password_stdin: bool) -> Credential | None:
    from builder.registry import Credential

    if not user and not password_stdin:
        return None
    if not user or not password_stdin:
        raise UsageError("-u and --password-stdin go together")
    password = sys.stdin.readline().rstrip("\r\n")
    return Credential(user, password, source="the command line")


def _client_certificate(cert: Path | None, key: Path | None) -> ClientCertificate | None:
    from builder.transport import ClientCertificate

    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise UsageError("--cert and --key go together")
    for path in (cert, key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
    return ClientCertificate(cert, key)


async def _diagnosed(texts: Sequence[str], push: str, settings: Settings) -> Diagnosis:
    from builder.registry import InvalidConfig
    from regdoctor.cli.targets import wanted, with_push
    from regdoctor.diagnose import diagnose

    every: list[Wanted] = [wanted(text) for text in texts]
    if push:
        every = with_push(every, push)
    try:
        return await diagnose(every, settings)
    except InvalidConfig as error:
        raise UsageError(str(error), hint=error.hint) from error


def _save(path: Path, diagnosis: Diagnosis) -> None:
    from regdoctor.model import codec

    kept = {**diagnosis.seen.to_json(), "targets": codec.encode(diagnosis.targets)}
    _write_file(path, json.dumps(kept, indent=1) + "\n")


def _write_file(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _replayed(path: Path, targets: list[str] | None, push: str) -> Diagnosis:
    from regdoctor.diagnose import judged
    from regdoctor.model import codec
    from regdoctor.model.target import Target
    from regdoctor.observations.store import Observations

    if targets or push:
        raise UsageError("--replay judges what was saved; it takes no target and no --push")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        seen = Observations.from_json(data)
        of = codec.decode(tuple[Target, ...], data.get("targets", []))
    except (OSError, ValueError) as error:
        kind = "cannot be read" if isinstance(error, OSError) else "is no file of --save"
        detail = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} {kind}: {detail}") from error
    return judged(seen, of)


def _write(report: Report, format_: str, output: Path | None) -> None:
    if format_ == "text":
        from regdoctor.cli import terminal
        from regdoctor.render.text import render

        if output is not None:
            text = render(report)
        else:
            coloured = terminal.colour(sys.stdout, os.environ)
            text = render(report, colour=coloured, width=terminal.width(sys.stdout))
    else:
        text = renderer(format_)(report)
    if output is not None:
        _write_file(output, text)
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


def _exit_code(diagnosis: Diagnosis, report: Report, fail_on: str) -> int:
    from regdoctor.cli.faults import report_failures

    if diagnosis.internal:
        path = report_failures(diagnosis.internal)
        hint = f"attach {path} when you report it"
        say(BuilderError("regdoctor itself failed in part; the report says where", hint=hint))
        return exits.OWN_FAULT
    if fail_on != "never" and report.has("error" if fail_on == "error" else "warning"):
        return exits.FINDINGS
    if not report.findings and not diagnosis.answered:
        return exits.NOTHING_JUDGED
    return exits.CLEAN
