"""The flags of ``regdoctor build``, read as ``docker buildx build`` reads its own."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.api import AgentSource, RequestError, Resources, RunCa, SecretSource
from builder.executor.truststores import pem
from builder.exporters.annotations import TYPES
from builder.exporters.annotations import parse as parse_annotation
from builder.llb.ops import HostIP, NetMode, Ulimit
from builder.oci import platform as platform_names
from builder.oci import reference as references
from builder.oci.platform import Platform
from builder.transport.roots import certificates_of, system_roots

_TYPE = r"[a-z-]+(?:\[[^\]]*\])?"
_ANNOTATION = re.compile(
    rf"(?:(?P<types>{_TYPE}(?:,{_TYPE})*):)?(?P<key>[^=]+)=(?P<value>.*)", re.S
)
ANNOTATED = ", ".join(TYPES)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_ULIMITS = frozenset(
    [
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
)
_NETWORKS = {
    "": NetMode.UNSET,
    "default": NetMode.UNSET,
    "host": NetMode.HOST,
    "none": NetMode.NONE,
}


def named_contexts(items: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` or ``NAME::PLATFORM=VALUE``; a later one wins.

    A name is a reference as FROM has it: ``docker.io/library/alpine:latest`` is ``alpine``.
    Raises RequestError.
    """
    out: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise RequestError(f"invalid context value: {item}, expected key=value")
        name, colons, platform = key.partition("::")
        try:
            familiar = references.parse(name).familiar().removesuffix(":latest")
        except references.InvalidReference as error:
            raise RequestError(f"invalid context name {name}: {error.why}") from error
        out[f"{familiar}{colons}{platform}"] = value
    return out


def labels(items: Sequence[str]) -> dict[str, str]:
    """``K=V`` or ``K`` (empty value)."""
    out: dict[str, str] = {}
    for item in items:
        key, _, value = item.partition("=")
        if not key:
            raise RequestError(f"--label {item!r}: a label needs a key")
        out[key] = value
    return out


def build_args(
    items: Sequence[str], files: Sequence[Path], environ: Mapping[str, str]
) -> dict[str, str]:
    """``K=V``, or ``K`` for the value of the environment (left out where it has none).

    ``files`` hold one such item a line; ``#`` begins a comment. Flags win over files.
    """
    lines: list[str] = []
    for path in files:
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not text"
            raise RequestError(f"--build-arg-file {path}: {why}") from error
        stripped = (line.strip() for line in text.splitlines())
        lines += [line for line in stripped if line and not line.startswith("#")]
    out: dict[str, str] = {}
    for item in (*lines, *items):
        key, equals, value = item.partition("=")
        if not key:
            raise RequestError(f"--build-arg {item!r}: expected NAME=VALUE")
        if equals:
            out[key] = value
        elif key in environ:
            out[key] = environ[key]
    return out


def proxy_build_args(proxies: Mapping[str, object]) -> dict[str, str]:
    """The proxies of docker's config.json (``proxies.default``) as build arguments."""
    names = {
        "httpProxy": "HTTP_PROXY",
        "httpsProxy": "HTTPS_PROXY",
        "ftpProxy": "FTP_PROXY",
        "noProxy": "NO_PROXY",
        "allProxy": "ALL_PROXY",
    }
    table = proxies.get("default")
    if not isinstance(table, Mapping):
        return {}
    return {
        spelled: str(table[key])
        for key, name in names.items()
        if table.get(key)
        for spelled in (name, name.lower())
    }


def secrets(items: Sequence[str], environ: Mapping[str, str]) -> dict[str, SecretSource]:
    """``id=ID[,src=FILE|env=NAME][,type=file|env]``; without either, the environment
    variable ID if there is one, else the file ID."""
    out: dict[str, SecretSource] = {}
    for item in items:
        fields = _fields("--secret", item)
        unknown = set(fields) - {"id", "src", "source", "env", "type"}
        if unknown:
            raise RequestError(f"--secret {item}: unexpected key {sorted(unknown)[0]!r}")
        id, kind = fields.get("id", ""), fields.get("type", "")
        if not id:
            raise RequestError(f"--secret {item}: an id is needed")
        if kind not in ("", "file", "env"):
            raise RequestError(f"--secret {item}: unsupported secret type {kind!r}")
        source, env = fields.get("src") or fields.get("source") or "", fields.get("env", "")
        if kind == "env" and source and not env:
            source, env = "", source
        if env or (not source and kind != "file" and id in environ):
            name = env or id
            if name not in environ:
                raise RequestError(f"--secret {item}: the variable {name} is not set")
            out[id] = SecretSource(env=name)
            continue
        path = Path(source or id)
        if not path.is_file():
            raise RequestError(f"failed to stat {path}: no such file", hint=f"--secret {item}")
        out[id] = SecretSource(file=path)
    return out


def agents(items: Sequence[str]) -> dict[str, AgentSource]:
    """``ID[=PATH[,PATH...][,raw=true|false]]``; without a path, the agent of SSH_AUTH_SOCK."""
    out: dict[str, AgentSource] = {}
    for item in items:
        id, _, text = item.partition("=")
        if not id:
            raise RequestError(f"--ssh {item!r}: an id is needed")
        if id in out:
            raise RequestError(f'duplicate agent ID "{id}"')
        paths, raw = [], False
        for part in text.split(",") if text else ():
            if part.startswith("raw="):
                if part not in ("raw=true", "raw=false"):
                    raise RequestError(f"--ssh {item}: raw is true or false")
                raw = part == "raw=true"
            elif part:
                paths.append(Path(part))
        out[id] = AgentSource(tuple(paths), raw)
    return out


def _fields(flag: str, text: str) -> dict[str, str]:
    try:
        row = next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration) as error:
        raise RequestError(f"{flag} {text}: {error}") from error
    out: dict[str, str] = {}
    for item in row:
        key, equals, value = item.partition("=")
        if not equals:
            raise RequestError(f"{flag} {text}: {item!r} must be a key=value pair")
        out[key.strip().lower()] = value
    return out


def annotation_attributes(items: Sequence[str]) -> dict[str, str]:
    """``[TYPE[PLATFORM],...:]KEY=VALUE`` as attributes of an output."""
    out: dict[str, str] = {}
    for item in items:
        match = _ANNOTATION.fullmatch(item)
        if match is None:
            raise RequestError(f"--annotation {item}: expected [TYPE[PLATFORM]:]KEY=VALUE")
        for kind in (match["types"] or "").split(","):
            name = f"annotation-{kind}.{match['key']}" if kind else f"annotation.{match['key']}"
            if parse_annotation(name, match["value"]) is None:
                raise RequestError(
                    f"--annotation {item}: unknown type {kind!r}", hint=f"known are {ANNOTATED}"
                )
            out[name] = match["value"]
    return out


def platforms(items: Sequence[str]) -> tuple[Platform, ...]:
    """``OS/ARCH[/VARIANT]``, several of them by commas, each once; ``local`` is this machine's.

    Raises InvalidPlatform.
    """
    names = (name.strip() for item in items for name in item.split(","))
    return tuple(
        dict.fromkeys(
            platform_names.host() if name == "local" else platform_names.parse(name)
            for name in names
            if name
        )
    )


def size(flag: str, text: str) -> int:
    """Bytes of ``64m``, ``1g`` ...; 0 for an empty text."""
    if not text:
        return 0
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([bkmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise RequestError(f"{flag} {text}: invalid size", hint="a number with b, k, m or g")
    return int(float(match[1]) * _UNITS[match[2]])


RESOURCES = (
    *("memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota"),
    *("cpuset-cpus", "cpuset-mems"),
)


def resources(items: Sequence[str], single: Mapping[str, str] | None = None) -> Resources:
    """``memory=1g,memory-swap=2g,cpu-shares=N,cpu-period=N,cpu-quota=N,cpuset-cpus=0-1,
    cpuset-mems=0``; a later one wins. ``single`` are those that stand in flags of their own
    (``--memory 1g``), which ``items`` win over. Raises RequestError."""
    out: dict[str, int | str] = {}
    own = {key: value for key, value in (single or {}).items() if value}
    for item in (None, *items):
        fields = own if item is None else _fields("--resource", item)
        flag = "--" if item is None else "--resource "
        for key, value in fields.items():
            name = key.replace("-", "_")
            if key in ("memory", "memory-swap"):
                swapless = key == "memory-swap" and value == "-1"
                out[name] = -1 if swapless else size(f"{flag}{key}", value)
            elif key in ("cpu-shares", "cpu-period", "cpu-quota"):
                if not value.isascii() or not value.isdigit():
                    raise RequestError(f"{flag}{key}={value}: a number is expected")
                out[name] = int(value)
            elif key in ("cpuset-cpus", "cpuset-mems"):
                if re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", value, re.ASCII) is None:
                    raise RequestError(f"{flag}{key}={value}: expected numbers as 0-2,4")
                out[name] = value
            else:
                raise RequestError(f"--resource {item}: unknown resource {key!r}")
    if out.get("memory_swap") and not out.get("memory"):
        raise RequestError("--resource memory-swap needs memory, the part of it that is no swap")
    return Resources(**out)  # type: ignore[arg-type]


def network(text: str) -> NetMode:
    mode = _NETWORKS.get(text)
    if mode is None:
        raise RequestError(
            f"network mode {text!r} not supported by buildkit",
            hint="choose default, none or host",
        )
    return mode


def add_hosts(items: Sequence[str]) -> tuple[HostIP, ...]:
    """``HOST:IP``, ``HOST=IP``, several of them by commas; IPv6 with or without brackets."""
    import ipaddress

    out = []
    for item in (each for text in items for each in text.split(",")):
        separator = "=" if "=" in item else ":"
        host, _, address = item.partition(separator)
        address = address.strip("[]") if address.startswith("[") else address
        if address == "host-gateway":
            raise RequestError(
                f"--add-host {item}: a step cannot reach this host's own services here",
                hint="give an address of this host that its network reaches, or --network host",
            )
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise RequestError(f"invalid IP address in add-host: {address!r}") from error
        if not host:
            raise RequestError(f"bad format for add-host: {item!r}")
        out.append(HostIP(host, address))
    return tuple(out)


def ulimits(items: Sequence[str]) -> tuple[Ulimit, ...]:
    """``NAME=SOFT[:HARD]``; -1 is unlimited."""
    out = []
    for item in items:
        name, _, values = item.partition("=")
        soft_text, colon, hard_text = values.partition(":")
        try:
            soft = int(soft_text)
            hard = int(hard_text) if colon else soft
        except ValueError as error:
            raise RequestError(f"invalid ulimit argument: {item}") from error
        if name not in _ULIMITS:
            raise RequestError(f"invalid ulimit type: {name}")
        if hard != -1 and (soft > hard or soft == -1):
            raise RequestError(
                f"ulimit soft limit must be less than or equal to hard limit: {item}"
            )
        out.append(Ulimit(name, soft, hard))
    return tuple(out)


def entitlements(items: Sequence[str]) -> frozenset[str]:
    known = {"network.host", "security.insecure"}
    for item in items:
        if item not in known:
            if item.partition("=")[0] == "device":
                raise RequestError(f"--allow {item}: no CDI device is known to this builder")
            raise RequestError(
                f"--allow {item}: unknown or unsupported entitlement",
                hint=f"known are {', '.join(sorted(known))}",
            )
    return frozenset(items)


def policies(items: Sequence[str], environ: Mapping[str, str]) -> list[Path]:
    """``FILE`` or ``filename=FILE``, and the file that the environment names."""
    out = []
    for item in items:
        path = Path(item.removeprefix("filename="))
        if "=" in str(path) and not path.exists():
            raise RequestError(f"--policy {item}: only a file of JSON rules is supported")
        out.append(path)
    named = environ.get("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", "")
    return [*out, Path(named)] if named else out


def run_ca(text: str, environ: Mapping[str, str]) -> RunCa | None:
    """A PEM file, or ``system`` for the roots that this host trusts."""
    if not text:
        return None
    host = system_roots(environ).certificates
    if text == "system":
        return RunCa(host)
    try:
        certificates = tuple(dict.fromkeys(certificates_of(Path(text).read_bytes())))
    except OSError as error:
        raise RequestError(f"--run-ca {text}: {(error.strerror or str(error)).lower()}") from error
    if not certificates:
        raise RequestError(f"--run-ca {text}: no certificate in this file", hint="PEM is expected")
    return RunCa(certificates, b"".join(map(pem, host)))
