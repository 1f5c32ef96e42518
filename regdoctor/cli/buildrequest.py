"""From the flags of ``regdoctor build`` to the builder's request."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.api import (
    BuildRequest,
    CacheOption,
    Output,
    RequestError,
    parse_cache_export,
    parse_cache_import,
    parse_output,
)
from builder.attest.options import Attestations
from builder.attest.options import parse as attestations
from builder.engine.place import default_root
from builder.engine.policy import read_policies
from builder.errors import BuilderError
from builder.exporters.output import STDOUT
from builder.oci.gobool import parse_bool
from builder.registry import RegistryConfig
from regdoctor.cli import buildflags
from regdoctor.cli.buildcontext import context_of
from regdoctor.cli.faults import UsageError

IMAGES = ("image", "oci", "docker")
"""Outputs that are images, with names and annotations."""

ATTESTED = ("image", "oci")
"""Those that have attestations beside the image."""

TREES = ("local", "tar")
"""Outputs that are files."""


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
    outputs = _outputs(given, environ)
    stated = attestations(given["attest"] or (), given["provenance"], given["sbom"], environ)
    _check_attested(outputs, stated)
    cache_from = tuple(parse_cache_import(text) for text in given["cache_from"] or ())
    cache_to = _cache_to(given, build_args)
    if given["no_cache"] and given["no_cache_filter"]:
        raise UsageError("--no-cache and --no-cache-filter cannot currently be used together")
    if given["offline"]:
        _check_offline(given, outputs, (*cache_from, *cache_to))
    registry = registry_of(given, environ)
    return BuildRequest(
        **context_of(given["context"], given["file"], sys.stdin.buffer),
        root=given["root"] or default_root(environ),
        registry=registry,
        tags=tuple(given["tag"] or ()),
        build_args=build_args,
        labels=buildflags.labels(given["label"] or ()),
        named_contexts=buildflags.named_contexts(given["build_context"] or ()),
        target=given["target"],
        platforms=buildflags.platforms(
            given["platform"] or [environ.get("DOCKER_DEFAULT_PLATFORM", "")]
        ),
        outputs=outputs,
        pull=given["pull"],
        no_cache=given["no_cache"],
        no_cache_filter=tuple(
            name for item in given["no_cache_filter"] or () for name in item.split(",")
        ),
        offline=given["offline"],
        cache_from=cache_from,
        cache_to=cache_to,
        secrets=buildflags.secrets(given["secret"] or (), environ),
        ssh=buildflags.agents(given["ssh"] or ()),
        network=buildflags.network(given["network"]),
        add_hosts=buildflags.add_hosts(given["add_host"] or ()),
        ulimits=buildflags.ulimits(given["ulimit"] or ()),
        shm_size=buildflags.size("--shm-size", given["shm_size"]),
        cgroup_parent=given["cgroup_parent"],
        entitlements=frozenset(allowed),
        epoch=_epoch(build_args),
        ignore_file=given["ignore_file"],
        copy_from_variables=given["copy_from_variables"],
        sandbox=given["sandbox"],
        attestations=stated,
        policy=read_policies(buildflags.policies(given["policy"] or (), environ)),
        resources=buildflags.resources(
            given["resource"] or (),
            {key: given[key.replace("-", "_")] for key in buildflags.RESOURCES},
        ),
        run_ca=buildflags.run_ca(given["run_ca"], environ),
        max_parallelism=_parallelism(given["max_parallelism"]),
    )


def registry_of(given: Mapping[str, Any], environ: Mapping[str, str]) -> RegistryConfig:
    """The settings of ``--config``, ``--as``, ``--ca`` and ``--resolve``, which can be used.

    Raises UsageError.
    """
    try:
        registry = _registry(given, environ)
        _check_registry(registry)
    except UsageError:
        raise
    except BuilderError as error:
        raise UsageError(str(error), hint=error.hint) from error
    return registry


def _registry(given: Mapping[str, Any], environ: Mapping[str, str]) -> RegistryConfig:
    more: dict[str, Any] = {
        "ca": given["ca"] or (),
        "resolve": given["resolve"] or (),
        "environ": environ,
    }
    client = given["as_client"]
    if not client or client == "regdoctor":
        return RegistryConfig.load(given["config"], **more)
    from regdoctor.borrowing import LENDERS, BorrowedConfig
    from regdoctor.survey import read_host

    if client not in LENDERS:
        raise UsageError(f"--as {client}: not one of regdoctor, {', '.join(LENDERS)}")
    if given["config"] is not None:
        raise UsageError(f"--as {client} and --config cannot be used together")
    home = environ.get("HOME", "").rstrip("/")
    files, _ = read_host(Path("/"), home, environ, ask=True)
    return BorrowedConfig(client, files, **more)


def _check_offline(
    given: Mapping[str, Any], outputs: Sequence[Output], caches: Sequence[CacheOption]
) -> None:
    """Nothing else that was asked for may need a network."""
    asked = [
        *(["--pull"] if given["pull"] else []),
        *(["--network=host"] if given["network"] == "host" else []),
        *(["--push"] if any(output.flag("push") for output in outputs) else []),
        *(f"the cache {cache.place}" for cache in caches if cache.type == "registry"),
    ]
    if asked:
        raise UsageError(f"--offline: {asked[0]} would need a network")


def _cache_to(given: Mapping[str, Any], build_args: Mapping[str, str]) -> tuple[CacheOption, ...]:
    """The exports; the build argument by which older scripts ask for an inline cache counts."""
    exports = [parse_cache_export(text) for text in given["cache_to"] or ()]
    asked = build_args.get("BUILDKIT_INLINE_CACHE", "") in ("1", "t", "T", "true", "TRUE", "True")
    if asked and not any(option.type == "inline" for option in exports):
        exports.append(parse_cache_export("type=inline"))
    return tuple(exports)


def _check_attested(outputs: Sequence[Output], stated: Attestations) -> None:
    """Raises UsageError for an image that cannot have statements; of trees it is said."""
    made = stated.provenance
    wanted = made is not None or stated.sbom is not None
    of_trees = stated.sbom is not None or (made is not None and not made.inline_only)
    for output in outputs:
        if of_trees and output.type in TREES:
            sys.stderr.write(
                f"warning: no attestation is written into a type={output.type} output: "
                "-o type=oci has them beside the image\n"
            )
        if wanted and output.type in ATTESTED and not output.flag("oci-mediatypes", default=True):
            raise UsageError(
                'cannot export attestations with "oci-mediatypes=false"',
                hint="--provenance=false makes none",
            )


def _outputs(given: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Output, ...]:
    outputs = _asked_outputs(given)
    if parse_bool(environ.get("BUILDX_NO_DEFAULT_OCI_ARTIFACT", "")):
        plain = {"oci-artifact": "false"}
        return tuple(
            Output(o.type, o.dest, {**plain, **o.attributes}) if o.type in ATTESTED else o
            for o in outputs or (Output("image", "", {}),)
        )
    return outputs


def _asked_outputs(given: Mapping[str, Any]) -> tuple[Output, ...]:
    outputs = tuple(parse_output(text) for text in given["output"] or ())
    for output in outputs:
        if output.dest == STDOUT and sys.stdout.isatty():
            raise UsageError(
                f"dest file is required for {output.type} exporter. refusing to write to console",
                hint=f"-o type={output.type},dest=FILE, or send the output to a file or a pipe",
            )
    annotations = buildflags.annotation_attributes(given["annotation"] or ())
    if annotations:
        outputs = tuple(
            Output(o.type, o.dest, {**o.attributes, **annotations}) if o.type in IMAGES else o
            for o in outputs or (Output("image", "", {}),)
        )
    if given["load"] and not any(o.type == "docker" and not o.dest for o in outputs):
        outputs = (*outputs, Output("docker", "", annotations))
    if given["push"]:
        pushed = {"push": "true"}
        images = [o for o in outputs if o.type == "image"]
        if not images:
            return (*outputs, Output("image", "", {**annotations, **pushed}))
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


def _epoch(build_args: Mapping[str, str]) -> int | None:
    """Seconds; None where it is for the Dockerfile's frontend to find out, or to refuse."""
    text = build_args.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else None


def _parallelism(number: int | None) -> int | None:
    if number is not None and number < 1:
        raise RequestError(f"--max-parallelism {number}: at least 1 is needed")
    return number


def _check_registry(config: RegistryConfig) -> None:
    """Settings that cannot be used are told before anything is tried."""
    _ = config.added
    for domain in config.sections:
        config.hosts(domain)
