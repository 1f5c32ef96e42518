"""From the flags of ``regdoctor build`` to the builder's request."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.api import BuildRequest, Output, RequestError, parse_output
from builder.engine.place import default_root
from builder.errors import BuilderError
from builder.oci import platform as platforms
from builder.oci.platform import Platform
from builder.registry import RegistryConfig
from regdoctor.cli import buildflags
from regdoctor.cli.buildcontext import context_of
from regdoctor.cli.faults import UsageError

IMAGES = ("image", "oci", "docker")
"""Outputs that are images, with names and annotations."""


def request_of(given: Mapping[str, Any], environ: Mapping[str, str]) -> BuildRequest:
    """Raises UsageError for flags that make no request."""
    try:
        return _request(given, environ)
    except UsageError:
        raise
    except BuilderError as error:
        raise UsageError(str(error), hint=error.hint) from error


def _request(given: Mapping[str, Any], environ: Mapping[str, str]) -> BuildRequest:
    build_args = _build_args(given, environ)
    allowed = set(buildflags.entitlements(given["allow"] or ()))
    if given["network"] == "host":
        allowed.add("network.host")  # asking for it on the command line grants it, as buildx does
    registry = RegistryConfig.load(
        given["config"], ca=given["ca"] or (), resolve=given["resolve"] or (), environ=environ
    )
    _check_registry(registry)
    return BuildRequest(
        **context_of(given["context"], given["file"], sys.stdin.buffer),
        root=given["root"] or default_root(environ),
        registry=registry,
        tags=tuple(given["tag"] or ()),
        build_args=build_args,
        labels=buildflags.labels(given["label"] or ()),
        named_contexts=buildflags.pairs("--build-context", given["build_context"] or ()),
        target=given["target"],
        platform=_platform(given["platform"] or environ.get("DOCKER_DEFAULT_PLATFORM", "")),
        outputs=_outputs(given),
        pull=given["pull"],
        no_cache=given["no_cache"],
        no_cache_filter=tuple(
            name for item in given["no_cache_filter"] or () for name in item.split(",")
        ),
        secrets=buildflags.secrets(given["secret"] or (), environ),
        ssh=buildflags.agents(given["ssh"] or ()),
        network=buildflags.network(given["network"]),
        add_hosts=buildflags.add_hosts(given["add_host"] or ()),
        ulimits=buildflags.ulimits(given["ulimit"] or ()),
        shm_size=buildflags.size("--shm-size", given["shm_size"]),
        cgroup_parent=given["cgroup_parent"],
        entitlements=frozenset(allowed),
        ignore_file=given["ignore_file"],
        copy_from_variables=given["copy_from_variables"],
        sandbox=given["sandbox"],
        max_parallelism=_parallelism(given["max_parallelism"]),
    )


def _platform(text: str) -> Platform | None:
    if "," in text:
        raise RequestError("building for several platforms at once is not supported yet")
    if text == "local":
        return platforms.host()
    return platforms.parse(text) if text else None


def _outputs(given: Mapping[str, Any]) -> tuple[Output, ...]:
    outputs = tuple(parse_output(text) for text in given["output"] or ())
    annotations = buildflags.annotation_attributes(given["annotation"] or ())
    if annotations:
        outputs = tuple(
            Output(o.type, o.dest, {**o.attributes, **annotations}) if o.type in IMAGES else o
            for o in outputs or (Output("image", "", {}),)
        )
    if given["push"]:
        pushed = {"push": "true"}
        images = [o for o in outputs if o.type == "image"]
        if not images:
            return (*outputs, Output("image", "", pushed))
        return tuple(
            Output(o.type, o.dest, {**o.attributes, **pushed}) if o.type == "image" else o
            for o in outputs
        )
    return outputs


def _build_args(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies of docker's config come first, then the environment's epoch, then flags."""
    out = buildflags.proxy_build_args(_docker_proxies(environ))
    if environ.get("SOURCE_DATE_EPOCH"):
        out["SOURCE_DATE_EPOCH"] = environ["SOURCE_DATE_EPOCH"]
    out.update(
        buildflags.build_args(given["build_arg"] or (), given["build_arg_file"] or (), environ)
    )
    return out


def _docker_proxies(environ: Mapping[str, str]) -> Mapping[str, object]:
    directory = environ.get("DOCKER_CONFIG") or str(Path(environ.get("HOME", "/")) / ".docker")
    path = Path(directory) / "config.json"
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not JSON"
        raise RequestError(f"{path}: {why}", hint="mend or remove it") from error
    proxies = document.get("proxies") if isinstance(document, dict) else None
    return proxies if isinstance(proxies, dict) else {}


def _parallelism(number: int | None) -> int | None:
    if number is not None and number < 1:
        raise RequestError(f"--max-parallelism {number}: at least 1 is needed")
    return number


def _check_registry(config: RegistryConfig) -> None:
    """Settings that cannot be used are told before anything is tried."""
    _ = config.roots
    for domain in config.sections:
        config.hosts(domain)
