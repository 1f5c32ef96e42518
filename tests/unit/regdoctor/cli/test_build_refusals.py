"""A flag of ``regdoctor build`` does something or is refused by name; none is ignored."""

from __future__ import annotations

import inspect
import io
import re
from pathlib import Path

import pytest

from regdoctor.cli import build as command
from regdoctor.cli.build import build
from regdoctor.cli.buildflags import RESOURCES
from regdoctor.cli.faults import UsageError
from regdoctor.cli.progressmode import progress_mode

SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for pattern in ("build*.py", "progressmode.py")
    for path in Path(command.__file__).parent.glob(pattern)
)


def asked(**flags: object) -> None:
    """The command as typer calls it, with these flags and the defaults of the others."""
    defaults = {
        name: each.default
        for name, each in inspect.signature(build).parameters.items()
        if each.default is not inspect.Parameter.empty
    }
    build("/nonexistent", **{**defaults, **flags})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({"cache_from": ["type=gha"]}, "--cache-from: type=gha"),
        ({"cache_to": ["type=s3,bucket=b"]}, "--cache-to: type=s3"),
        ({"cache_to": ["type=azblob"]}, "--cache-to: type=azblob"),
        ({"attest": ["type=other"]}, "--attest"),
        ({"sbom": "generator=No"}, "--sbom"),
        ({"provenance": "mode=most"}, "--provenance"),
        ({"resource": ["memory=lots"]}, "--resource"),
        ({"memory": "lots"}, "--memory"),
        ({"cpu_shares": "many"}, "--cpu-shares"),
        ({"cpuset_cpus": "a"}, "--cpuset-cpus"),
        ({"resource": ["gpu=1"]}, "--resource"),
        ({"resource": ["memory-swap=2g"]}, "--resource"),
        ({"resource": ["cpuset-cpus=a"]}, "--resource"),
        ({"add_host": ["me:host-gateway"]}, "--add-host"),
        ({"call": "nonsense"}, "--call"),
        ({"builder": "tcp://127.0.0.1:1"}, "--builder"),
        ({"as_client": "wget"}, "--as wget"),
        ({"as_client": "kaniko"}, "--as kaniko"),
        ({"as_client": "docker", "config": Path("/x.toml")}, "--config"),
        ({"offline": True, "pull": True}, "--offline"),
        ({"frontend": "image"}, "--frontend"),
        ({"progress": "fancy"}, "progress"),
        ({"preflight": "maybe"}, "--preflight"),
        ({"tls_ca": "ca.pem"}, "--tls-ca"),
        ({"tls_cert": "c.pem"}, "--tls-cert"),
        ({"tls_key": "k.pem"}, "--tls-key"),
        ({"tls_server_name": "n"}, "--tls-server-name"),
        ({"invoke": "on-error"}, "--invoke: a step that failed"),
        ({"detach": True}, "--detach"),
        ({"server_config": "f"}, "--server-config"),
        ({"allow": ["device=vendor.example/x=1"]}, "--allow device"),
        ({"allow": ["everything"]}, "--allow everything: unknown"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(flags: dict[str, object], name: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(**flags)
    assert name in str(caught.value)


@pytest.mark.parametrize("flags", [{"sbom": "false"}, {"provenance": "false"}])
def test_what_is_switched_off_is_not_refused(flags: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="network mode 'fast'"):
        asked(**flags, network="fast")  # refused where the flags are read, before anything is done


def test_every_flag_is_read_somewhere() -> None:
    names = set(inspect.signature(build).parameters)
    read = set(re.findall(r'given\["(\w+)"\]', SOURCES))
    told = {*command._LEGACY, *command._REFUSED}
    legacy = {flag.lstrip("-").replace("-", "_") for flag in told}
    limits = {name.replace("-", "_") for name in RESOURCES}
    assert names - read - legacy - limits == set()


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({"squash": True}, "--squash"),
        ({"rm": True}, "--rm"),
        ({"force_rm": True}, "--force-rm"),
        ({"disable_content_trust": True}, "--disable-content-trust"),
        ({"compress": True}, "--compress"),
        ({"isolation": "hyperv"}, "--isolation"),
        ({"security_opt": ["seccomp=unconfined"]}, "--security-opt"),
    ],
)
def test_a_flag_of_the_classic_builder_is_taken_with_a_warning(
    flags: dict[str, object], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="network mode 'fast'"):
        asked(**flags, network="fast")
    assert f"warning: {name} has no effect here: " in capsys.readouterr().err


def test_print_asks_what_call_asks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="--call=nonsense"):
        asked(call_once="nonsense")
    assert "warning: --print is the old name of --call" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("quiet", "flag", "variable", "mode"),
    [
        (False, "", "", "auto"),
        (False, "", "plain", "plain"),
        (False, "auto", "rawjson", "rawjson"),
        (False, "none", "plain", "none"),
        (True, "", "plain", "quiet"),
        (True, "quiet", "", "quiet"),
    ],
)
def test_flags_come_before_the_environment(
    quiet: bool, flag: str, variable: str, mode: str
) -> None:
    given = {"progress": flag, "quiet": quiet}
    environ = {"BUILDKIT_PROGRESS": variable} if variable else {}
    assert progress_mode(given, environ, io.StringIO()) == mode


@pytest.mark.parametrize(
    ("given", "variable", "text"),
    [
        ({"progress": "", "quiet": False}, "fancy", "invalid progress mode fancy"),
        ({"progress": "plain", "quiet": True}, "", "--progress=plain and --quiet cannot"),
        ({"progress": "tty", "quiet": False}, "", "not a terminal"),
    ],
)
def test_a_view_that_cannot_be_had_is_refused_at_once(
    given: dict[str, object], variable: str, text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        progress_mode(given, {"BUILDKIT_PROGRESS": variable}, io.StringIO())
