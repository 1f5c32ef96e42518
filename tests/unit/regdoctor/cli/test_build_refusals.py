"""A flag of ``regdoctor build`` does something or is refused by name; none is ignored."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from regdoctor.cli import build as command
from regdoctor.cli.build import build
from regdoctor.cli.faults import UsageError

SOURCES = "".join(
    path.read_text(encoding="utf-8") for path in Path(command.__file__).parent.glob("build*.py")
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
        ({"resource": ["gpu=1"]}, "--resource"),
        ({"resource": ["memory-swap=2g"]}, "--resource"),
        ({"resource": ["cpuset-cpus=a"]}, "--resource"),
        ({"add_host": ["me:host-gateway"]}, "--add-host"),
        ({"call": "nonsense"}, "--call"),
        ({"builder": "tcp://127.0.0.1:1"}, "--builder"),
        ({"as_client": "docker"}, "--as"),
        ({"offline": True, "pull": True}, "--offline"),
        ({"frontend": "image"}, "--frontend"),
        ({"report": "x.html"}, "--report"),
        ({"progress": "fancy"}, "progress"),
        ({"preflight": "maybe"}, "--preflight"),
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
    names = set(inspect.signature(build).parameters) - {"legacy_switch", "legacy_value"}
    read = set(re.findall(r'given\["(\w+)"\]', SOURCES))
    refused = {
        {"--as": "as_client"}.get(flag, flag.lstrip("-").replace("-", "_"))
        for flag in re.findall(r'^    "(--[a-z-]+)": "', SOURCES, re.MULTILINE)
    }
    assert names - read - refused == set()
