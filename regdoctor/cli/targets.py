"""What a TARGET of the command line means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from builder.oci.reference import InvalidReference, parse
from builder.transport import Endpoint, InvalidEndpoint
from regdoctor.checks.builds.references import refused
from regdoctor.cli.faults import UsageError
from regdoctor.diagnose import Wanted
from regdoctor.model.target import Target
from regdoctor.observations.written import WrittenReference

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^\[\]:/@\s]+)(?::(?P<port>\d+))?")


def wanted(text: str) -> Wanted:
    """A path, a URL, a registry or an image, tried in this order. Raises UsageError.

    ``name:1234`` without a dot is a registry where the number has four or more digits, else
    an image and its tag; ``docker.io/library/name:1234`` is always an image.
    """
    if "://" in text:
        return _url(text)
    if _is_path(text):
        return _build(text)
    if _is_registry(text):
        return Wanted(Target("registry", text), domains=(_domain(text),))
    try:
        reference = parse(text)
    except InvalidReference as error:
        fault = refused(text)
        corrected = fault.corrected if fault else ""
        if corrected and _is_registry(text.partition("/")[0]):
            # Of a registry that is named: an image that every client refuses is the finding.
            meant = parse(corrected)
            noted = WrittenReference(text)
            return Wanted(Target("image", text), domains=(meant.domain,), noted=((text, noted),))
        hint = "a target is a directory, a Dockerfile, an image, a registry (host:port) or a URL"
        if corrected:
            hint = f"as an image it would be {corrected}"
        raise UsageError(str(error), hint=hint) from error
    return Wanted(Target("image", text), references=(reference,))


def with_push(every: Sequence[Wanted], repository: str) -> list[Wanted]:
    """The targets, one of them with a repository that may be written to. Raises UsageError.

    ``repository`` is ``host/path``, or ``path`` at the one registry that the targets lead to.
    A host that is no target yet becomes one.
    """
    first, slash, rest = repository.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    domains = {domain for each in every for domain in _domains(each)}
    if not named and len(domains) != 1:
        why = f"it may be at any of {', '.join(sorted(domains))}" if domains else "at which host?"
        raise UsageError(f"--push {repository}: {why}", hint="write it as HOST/REPOSITORY")
    domain = _domain(first) if named else next(iter(domains))
    path = rest if named else repository
    try:
        parsed = parse(f"{domain}/{path}", default_tag="")
    except InvalidReference as error:
        raise UsageError(f"--push {repository}: {error}") from error
    if parsed.tag or parsed.digest:
        raise UsageError(f"--push {repository}: a repository has no tag and no digest")
    out = list(every)
    for at, each in enumerate(out):
        if domain in _domains(each) and not each.references:
            out[at] = replace(each, push=parsed.path)
            return out
    return [*out, Wanted(Target("registry", domain), domains=(domain,), push=parsed.path)]


def _domains(wanted: Wanted) -> tuple[str, ...]:
    """The registries that a target leads to."""
    named = (*wanted.domains, *(each.domain for each in wanted.references))
    return (*named, *(each.authority for each in wanted.addresses))


def _url(text: str) -> Wanted:
    try:
        endpoint = Endpoint.parse(text)
    except InvalidEndpoint as error:
        raise UsageError(str(error), hint="URLs begin with http:// or https://") from error
    noted = ((text, WrittenReference(text)),) if _is_image(text) else ()
    return Wanted(Target("url", text), addresses=(endpoint,), noted=noted)


def _is_image(url: str) -> bool:
    """A path with a tag or a digest: the URL is an image with a scheme in front of it."""
    _, slash, path = url.partition("://")[2].partition("/")
    return bool(slash) and re.search(r"[^/]:[^/]+$|@sha256:", path) is not None


def _is_path(text: str) -> bool:
    return text in (".", "..") or text.startswith(("./", "../", "/")) or Path(text).exists()


def _build(text: str) -> Wanted:
    from regdoctor.cli.dockerfiles import look_into

    looked = look_into(Path(text))
    references = tuple(dict.fromkeys(reference for reference, _ in looked.uses))
    return Wanted(
        Target("build", text), references=references, noted=looked.noted, platforms=looked.uses
    )


def _is_registry(text: str) -> bool:
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        return False
    host, port = found["host"], found["port"] or ""
    return "." in host or host.startswith("[") or host == "localhost" or len(port) >= 4


def _domain(text: str) -> str:
    try:
        Endpoint.parse(text)
    except InvalidEndpoint as error:
        raise UsageError(str(error)) from error
    return "docker.io" if text in ("index.docker.io", "registry-1.docker.io") else text
