"""Our frontend's answer to a case, in the shape of the judge's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from builder.errors import BuilderError
from builder.frontend.dockerfile import (
    Conversion,
    ConvertOptions,
    DockerfileError,
    LintWarning,
    ResolvedImage,
    convert,
)
from builder.frontend.dockerfile.ignore import read_patterns
from builder.frontend.dockerfile.lexical import runes
from builder.llb.ops import HostIP, NetMode, SourceOp, Ulimit
from builder.oci import gojson
from builder.oci import platform as platforms
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference
from tests.language.cases import Case
from tests.language.judge import SESSION, Answer

_NETWORKS = {
    "": NetMode.UNSET,
    "none": NetMode.NONE,
    "host": NetMode.HOST,
    "sandbox": NetMode.UNSET,
}


class Images:
    """Answers from the images of a case."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.names: list[str] = []

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        self.names.append(log_name or f"[internal] load metadata for {reference}")
        for name in (f"{reference} {platform}", str(reference)):
            config = self._case.images.get(name)
            if config is not None:
                return ResolvedImage(reference, Digest.of(config), config)
        raise BuilderError(f"{reference}: not found")


class Times:
    """Answers for the sources of a case."""

    def __init__(self, case: Case) -> None:
        self._case = case

    async def time_of(self, source: SourceOp) -> int | None:
        """Of a git source seconds are written, of others RFC 3339."""
        text = self._case.times.get(source.identifier)
        if text is None:
            return None
        return int(text) if text.isdecimal() else int(datetime.fromisoformat(text).timestamp())


def answer(case: Case) -> Answer:
    """What our frontend makes of ``case``: one definition for each platform."""
    try:
        return asyncio.run(_answer(case))
    except DockerfileError as error:
        return Answer(runes(str(error)), tuple((r.start, r.end) for r in error.ranges))


async def _answer(case: Case) -> Answer:
    options, wanted = options_of(case)
    warnings: list[LintWarning] = []
    images = Images(case)
    done: list[tuple[Platform | None, Conversion]] = []
    for number, each in enumerate(wanted or (None,)):
        tell = warnings.append if not number else None
        given = replace(options, target_platform=each)
        made = await convert(case.dockerfile, case.filename, given, images, tell)
        done.append((each, made))
    return Answer(
        metadata=_metadata(done, options.multi_platform),
        definitions=tuple(made.definition.encode() for _, made in done),
        warnings=tuple(
            (str(w), w.url, tuple((r.start, r.end) for r in w.ranges)) for w in warnings
        ),
        resolved=tuple(images.names),
    )


def _metadata(done: list[tuple[Platform | None, Conversion]], multi: bool) -> dict[str, bytes]:
    found = {}
    for wanted, made in done:
        suffix = f"/{(wanted or platforms.host()).full}" if multi else ""
        found[f"containerimage.config{suffix}"] = gojson.dumps(made.config)
        if made.base_config is not None:
            found[f"containerimage.base.config{suffix}"] = gojson.dumps(made.base_config)
        if made.epoch is not None:
            found[f"source.date.epoch{suffix}"] = str(made.epoch).encode()
    return found


def options_of(case: Case) -> tuple[ConvertOptions, tuple[Platform, ...]]:
    """The options that the attributes of the case mean, and the platforms that are built for."""
    given = case.opts
    worker = platforms.parse(case.worker)
    wanted = tuple(map(platforms.parse, filter(None, given.get("platform", "").split(","))))
    ignore = case.files["dockerfile"].get(
        f"{case.filename}.dockerignore", case.files["context"].get(".dockerignore", b"")
    )
    named = _with(given, "context:")
    locals_ = {name: value.removeprefix("local:") for name, value in named.items()}
    values: dict[str, Any] = {}
    if "no-cache" in given:
        stages = given["no-cache"]
        values = {"no_cache_filter": tuple(stages.split(","))} if stages else {"no_cache": True}
    multi = given.get("multi-platform", given.get("build-arg:BUILDKIT_MULTI_PLATFORM", ""))
    return (
        ConvertOptions(
            build_args=_with(given, "build-arg:"),
            target=given.get("target", ""),
            build_platforms=(worker,),
            multi_platform=multi.lower() in ("1", "t", "true") or len(wanted) > 1,
            labels=_with(given, "label:"),
            add_hosts=tuple(map(_host, filter(None, given.get("add-hosts", "").split(",")))),
            shm_size=int(given.get("shm-size", "0")),
            ulimits=tuple(map(_ulimit, filter(None, given.get("ulimit", "").split(",")))),
            network=_NETWORKS[given.get("force-network-mode", "")],
            cgroup_parent=given.get("cgroup-parent", ""),
            hostname=given.get("hostname", ""),
            ignore_patterns=read_patterns(ignore),
            named_contexts=named,
            named_ignores={
                name: read_patterns(case.files[source][".dockerignore"])
                for name, source in locals_.items()
                if ".dockerignore" in case.files.get(source, {})
            },
            named_hints=_with(given, "sharedkey:localdir:"),
            times=Times(case),
            session=SESSION,
            pull=given.get("image-resolve-mode", "default"),
            cache_namespace=given.get("build-arg:BUILDKIT_CACHE_MOUNT_NS", ""),
            **values,
        ),
        wanted,
    )


def _with(given: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)
    }


def _host(text: str) -> HostIP:
    name, _, address = text.partition("=")
    return HostIP(name, address)


def _ulimit(text: str) -> Ulimit:
    name, _, numbers = text.partition("=")
    soft, _, hard = numbers.partition(":")
    return Ulimit(name, int(soft), int(hard or soft))
