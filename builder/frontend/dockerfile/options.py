"""What a conversion is given, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from builder.events import SourceRange
from builder.frontend.dockerfile.rules import RULES
from builder.llb.definition import Definition
from builder.llb.ops import HostIP, NetMode, SourceOp, Ulimit
from builder.oci import platform as platforms
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference


class SourceTimes(Protocol):
    """Who knows when remote sources were made (a name in SOURCE_DATE_EPOCH)."""

    async def time_of(self, source: SourceOp) -> int | None:
        """Seconds: of the commit, or of the answer of the server; None where nothing tells."""
        ...


class LayoutResolver(Protocol):
    """Who answers for images in OCI layouts of the client (``oci-layout://`` contexts)."""

    async def resolve_layout_config(
        self, store: str, digest: Digest, platform: Platform, *, log_name: str
    ) -> bytes:
        """The config of the image ``digest`` in the layout that the client calls ``store``."""
        ...


class ConvertOptions(Struct, frozen=True):
    """Everything that decides over the graph beside the Dockerfile.

    ``target_platform`` None means "that of this machine", which a base image may narrow.
    ``named_contexts`` maps a name (or ``name::os/arch``) to ``docker-image://ref``,
    ``local:NAME``, ``oci-layout://STORE@digest`` (asked of
    ``layouts``), ``https://...`` or a git URL; ``named_ignores`` are the ignore patterns of
    local ones, ``named_hints`` what tells their directories apart (``sharedkey:localdir:``).
    ``session`` is the id of the client session that serves local sources, empty
    for none. ``main_context`` replaces the local context (a git or http source), and is shown
    as ``main_name``; with ``main_unpack`` it is an archive ``context``, whose content counts.
    ``main_dockerfile``: the Dockerfile comes from it.
    ``epoch`` is in seconds; ``shm_size`` in bytes. ``all_stages``: also what no target needs.
    ``copy_from_variables`` is an extension: ``COPY --from=$NAME``.
    """

    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    target_platform: Platform | None = None
    build_platforms: tuple[Platform, ...] = ()
    multi_platform: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    add_hosts: tuple[HostIP, ...] = ()
    shm_size: int = 0
    ulimits: tuple[Ulimit, ...] = ()
    network: NetMode = NetMode.UNSET
    cgroup_parent: str = ""
    hostname: str = ""
    ignore_patterns: tuple[str, ...] = ()
    named_contexts: Mapping[str, str] = field(default_factory=dict)
    named_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named_hints: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    context_name: str = "context"
    dockerfile_name: str = "dockerfile"
    context_shared_key_hint: str = "context"
    main_context: SourceOp | None = None
    main_caps: frozenset[str] = frozenset()
    main_name: str = ""
    main_unpack: bool = False
    main_dockerfile: bool = True
    pull: str = "default"
    cache_namespace: str = ""
    epoch: int | None = None
    layouts: LayoutResolver | None = None
    times: SourceTimes | None = None
    all_stages: bool = False
    copy_from_variables: bool = False

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What this machine can build on, its own platform first."""
        if self.build_platforms:
            return self.build_platforms
        return (self.target_platform or platforms.host(),)

    @property
    def platform(self) -> Platform:
        """What is built for."""
        return self.target_platform or self.platforms[0]


class ResolvedImage(Struct, frozen=True):
    """An image as a registry has it now: ``reference`` may differ from what was asked."""

    reference: Reference
    digest: Digest
    config: bytes


class MetaResolver(Protocol):
    """Who answers for an image's config. A BuilderError becomes the cause of a BaseImageError."""

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        """``log_name`` is the vertex that progress shows meanwhile; ``mode`` is ``default``,
        ``pull`` or ``local``."""
        ...


class ImageUse(Struct, frozen=True):
    """An image that a build needs. ``reference`` is the text after variables.

    ``why``: ``FROM``, ``COPY --from``, ``RUN --mount from`` or ``syntax``.
    """

    reference: str
    platform: Platform
    why: str
    line: int
    ranges: tuple[SourceRange, ...] = ()


class LintWarning(Struct, frozen=True):
    """What ``--check`` would say: a rule of the Dockerfile linter at some lines."""

    rule: str
    message: str
    ranges: tuple[SourceRange, ...]

    @property
    def line(self) -> int:
        return self.ranges[0].start if self.ranges else 0

    @property
    def url(self) -> str:
        """The documentation of the rule; InvalidBaseImagePlatform has none."""
        return RULES[self.rule].url

    @property
    def description(self) -> str:
        """What the rule is about."""
        return RULES[self.rule].description

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.ranges else ""
        return f"{self.rule}: {self.message}{where}"


class StageInfo(Struct, frozen=True):
    """A stage that took part. ``name`` is ``stage-N`` where it has none."""

    name: str
    base: str
    ranges: tuple[SourceRange, ...]


class Conversion(Struct, frozen=True):
    """A build graph and the config of its image.

    ``definition`` has no ops where the result is an empty root. ``config`` is an image config
    document in Go's key order, without times and layers of this build; ``base_config`` that
    of the base image, None for scratch. ``ignore_cache`` says that the target was asked to be
    built without cache; ``epoch`` is SOURCE_DATE_EPOCH in seconds.

    It has no representation of its own: ``asyncio.run`` asks a task, as it ends, for that of its
    result, and this is long.
    """

    definition: Definition
    config: dict[str, Any]
    base_config: dict[str, Any] | None
    platform: Platform
    warnings: tuple[LintWarning, ...] = ()
    references: tuple[ImageUse, ...] = ()
    stages: tuple[StageInfo, ...] = ()
    ignore_cache: bool = False
    epoch: int | None = None

    __repr__ = object.__repr__
