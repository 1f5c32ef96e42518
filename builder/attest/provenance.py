"""SLSA provenance of a build, v1 or v0.2, with the members that BuildKit writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from builder.attest.capture import Capture, UrlMaterial
from builder.attest.manifest import Predicate
from builder.attest.options import AttestError, ProvenanceOptions
from builder.attest.purl import image_purl
from builder.attest.steps import build_config, source_json
from builder.frontend.dockerfile import DockerfileError
from builder.frontend.dockerfile.gitref import parse_git_ref
from builder.llb.definition import Definition
from builder.oci import platform as platforms
from builder.oci.credentials import without_credentials

_TYPE_1 = "https://slsa.dev/provenance/v1"
_TYPE_02 = "https://slsa.dev/provenance/v0.2"
_BUILD_1 = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
_BUILD_02 = "https://mobyproject.org/buildkit@v1"
_COMPATIBILITY = 30
"""BuildKit's number for images and statements as they are laid out here."""
_PRIVATE = ("build-arg:", "label:")


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What is known of one platform's build: ``arguments`` as a frontend is given them
    (``build-arg:NAME``, ``target`` ...), times in seconds since the epoch. ``source`` is the
    URL of a context that was fetched, "" for a directory."""

    filename: str
    source: str
    arguments: Mapping[str, str]
    capture: Capture
    definition: Definition = field(repr=False)
    invocation: str
    started: float
    finished: float


def provenance(facts: BuildFacts, options: ProvenanceOptions) -> Predicate:
    """Raises AttestError where complete materials are asked for and cannot be told."""
    captured = facts.capture
    incomplete = bool(captured.locals or captured.others)
    if options.complete_materials and incomplete:
        names = ", ".join((*captured.locals, *captured.others))
        raise AttestError(f"provenance materials are incomplete: {names}")
    request, whole = _request(facts, maximal=options.mode == "max")
    details: dict[str, Any] = {}
    config: dict[str, Any] = {}
    if options.mode == "max":
        config = build_config(facts.definition)
        source = source_json(facts.definition)
        details = {"source": source} if source else {}
    parts = _Parts(request, whole, incomplete, details, config, _materials(captured))
    if options.version == "v1":
        return Predicate(_TYPE_1, _version_1(facts, options, parts))
    return Predicate(_TYPE_02, _version_02(facts, options, parts))


class _Parts(Struct, frozen=True):
    """What both versions have, in other places."""

    request: Mapping[str, Any]
    whole: bool
    incomplete: bool
    details: Mapping[str, Any]
    config: Mapping[str, Any]
    materials: list[dict[str, Any]]


def _request(facts: BuildFacts, *, maximal: bool) -> tuple[dict[str, Any], bool]:
    """The parameters, and whether they are all of them: values may be private."""
    arguments = dict(sorted(facts.arguments.items()))
    kept = arguments
    if not maximal:
        kept = {key: value for key, value in arguments.items() if not key.startswith(_PRIVATE)}
    request: dict[str, Any] = {"frontend": "dockerfile.v0"}
    if kept:
        request["args"] = kept
    if maximal:
        for name, items in (("secrets", facts.capture.secrets), ("ssh", facts.capture.ssh)):
            if items:
                request[name] = [
                    {"id": id, "optional": True} if optional else {"id": id}
                    for id, optional in items
                ]
    if facts.capture.locals:
        request["locals"] = [{"name": name} for name in facts.capture.locals]
    request["root"] = {
        "configSource": _config_source(facts, "path", facts.capture.http),
        "request": {"args": kept} if kept else {},
    }
    request["compatibilityVersion"] = _COMPATIBILITY
    return request, len(kept) == len(arguments)


def _config_source(facts: BuildFacts, name: str, known: Iterable[UrlMaterial]) -> dict[str, Any]:
    """Where the Dockerfile came from. A repository is told with the subdirectory, which is no
    part of its material; and what was asked first does not know its commit."""
    out: dict[str, Any] = {}
    if facts.source:
        whole, material = _in_fragments(facts.source)
        out["uri"] = whole
        for each in known:
            if each.uri == material:
                out["digest"] = {each.algorithm: each.hex}
                break
    out[name] = facts.filename
    return out


def _in_fragments(url: str) -> tuple[str, str]:
    """A repository as ``URL#ref:subdir``, and as ``URL#ref``; another URL as it is."""
    try:
        git = parse_git_ref(url)
    except DockerfileError:
        git = None
    if git is None:
        return without_credentials(url), without_credentials(url)
    remote = git.remote.removeprefix("https://") if git.like_a_path else git.remote
    short = f"{remote}#{git.ref}" if git.ref else remote
    whole = f"{remote}#{git.ref}:{git.subdir}" if git.subdir else short
    return without_credentials(whole), without_credentials(short)


def _materials(captured: Capture) -> list[dict[str, Any]]:
    out = []
    for image in captured.images:
        material: dict[str, Any] = {"uri": image_purl(image.reference, image.platform)}
        if image.digest is not None:
            material["digest"] = {image.digest.algorithm: image.digest.hex}
        out.append(material)
    out += [
        {"uri": each.uri, "digest": {each.algorithm: each.hex}}
        for each in (*captured.git, *captured.http)
    ]
    return out


def _version_1(facts: BuildFacts, options: ProvenanceOptions, parts: _Parts) -> dict[str, Any]:
    internal: dict[str, Any] = {"buildConfig": parts.config} if parts.config else {}
    internal["builderPlatform"] = str(platforms.host())
    known = (*facts.capture.git, *facts.capture.http)
    definition: dict[str, Any] = {"buildType": _BUILD_1}
    if parts.materials:
        definition["resolvedDependencies"] = parts.materials
    definition["externalParameters"] = {
        "configSource": _config_source(facts, "path", known),
        "request": parts.request,
    }
    definition["internalParameters"] = _sorted(internal)  # BuildKit makes a map of it
    metadata: dict[str, Any] = {
        "invocationId": facts.invocation,
        "startedOn": _time(facts.started),
        "finishedOn": _time(facts.finished),
        "buildkit_metadata": parts.details,
    }
    if _hermetic(facts, parts):
        metadata["buildkit_hermetic"] = True
    metadata["buildkit_completeness"] = {
        "request": parts.whole,
        "resolvedDependencies": not parts.incomplete,
    }
    if options.reproducible:
        metadata["buildkit_reproducible"] = True
    return {
        "buildDefinition": definition,
        "runDetails": {"builder": {"id": options.builder_id}, "metadata": metadata},
    }


def _version_02(facts: BuildFacts, options: ProvenanceOptions, parts: _Parts) -> dict[str, Any]:
    known = (*facts.capture.git, *facts.capture.http)
    out: dict[str, Any] = {"builder": {"id": options.builder_id}, "buildType": _BUILD_02}
    if parts.materials:
        out["materials"] = parts.materials
    out["invocation"] = {
        "configSource": _config_source(facts, "entryPoint", known),
        "parameters": parts.request,
        "environment": {"platform": str(platforms.host())},
    }
    if parts.config:
        out["buildConfig"] = parts.config
    metadata: dict[str, Any] = {
        "buildInvocationID": facts.invocation,
        "buildStartedOn": _time(facts.started),
        "buildFinishedOn": _time(facts.finished),
        "completeness": {
            "parameters": parts.whole,
            "environment": True,
            "materials": not parts.incomplete,
        },
        "reproducible": options.reproducible,
        f"{_BUILD_02}#metadata": parts.details,
    }
    if _hermetic(facts, parts):
        metadata[f"{_BUILD_02}#hermetic"] = True
    out["metadata"] = metadata
    return out


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def _hermetic(facts: BuildFacts, parts: _Parts) -> bool:
    return not parts.incomplete and not facts.capture.network


def _time(seconds: float) -> str:
    """RFC 3339, the fraction without trailing zeros, as Go writes a time."""
    moment = datetime.fromtimestamp(seconds, UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
