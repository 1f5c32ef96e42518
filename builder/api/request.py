"""A build as a user asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct, field

from builder.api.errors import RequestError
from builder.attest.options import Attestations
from builder.cache.options import CacheOption
from builder.engine.policy import SourcePolicy
from builder.executor.lentca import RunCa
from builder.executor.types import Resources
from builder.exporters import Output
from builder.llb.ops import HostIP, NetMode, Ulimit
from builder.oci.credentials import without_credentials
from builder.oci.gobool import parse_bool
from builder.oci.platform import Platform
from builder.ops.secrets import SecretSource
from builder.ops.ssh.agents import AgentSource
from builder.registry import RegistryConfig


class BuildRequest(Struct, frozen=True):
    """``context`` is a directory, None for an empty one. In its place may stand
    ``context_url``, a repository, an archive or a Dockerfile at a URL, or ``context_archive``,
    a tar that is read once. ``dockerfile`` is a path, ``""`` for the default in the context;
    ``dockerfile_text`` takes its place where the Dockerfile came on stdin.

    Without ``outputs`` the image stays in the local store under ``tags``. No ``platforms``
    means this machine's; of several the result is an index. ``named_contexts`` maps a name
    to ``docker-image://REF``, ``oci-layout://PATH[:TAG][@DIGEST]``, a URL or a directory.
    ``shm_size`` in bytes, ``epoch`` in seconds. ``offline``: no network is asked for
    anything, by steps neither.
    """

    context: Path | None
    root: Path
    registry: RegistryConfig
    context_url: str = ""
    context_archive: BinaryIO | None = None
    dockerfile: str = ""
    dockerfile_text: bytes | None = None
    tags: tuple[str, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    named_contexts: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    platforms: tuple[Platform, ...] = ()
    outputs: tuple[Output, ...] = ()
    pull: bool = False
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    offline: bool = False
    cache_from: tuple[CacheOption, ...] = ()
    cache_to: tuple[CacheOption, ...] = ()
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    ssh: Mapping[str, AgentSource] = field(default_factory=dict)
    network: NetMode = NetMode.UNSET
    add_hosts: tuple[HostIP, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    shm_size: int = 0
    cgroup_parent: str = ""
    entitlements: frozenset[str] = frozenset()
    epoch: int | None = None
    ignore_file: Path | None = None
    copy_from_variables: bool = False
    sandbox: str = "auto"
    run_ca: RunCa | None = None
    resources: Resources = Resources()
    attestations: Attestations = Attestations()
    policy: SourcePolicy = field(default_factory=SourcePolicy)
    max_parallelism: int | None = None

    @property
    def is_remote(self) -> bool:
        """Whether the context has to be fetched, or read from a stream, before it is known."""
        return bool(self.context_url) or self.context_archive is not None

    @property
    def multi_platform(self) -> bool:
        """Whether the result is one for each platform, be it one only.

        Raises RequestError where BUILDKIT_MULTI_PLATFORM forbids what was asked for.
        """
        several = len(self.platforms) > 1
        text = self.build_args.get("BUILDKIT_MULTI_PLATFORM", "")
        if not text:
            return several
        wanted = parse_bool(text)
        if wanted is None:
            raise RequestError(f"invalid boolean value for multi-platform: {text}")
        if several and not wanted:
            raise RequestError(
                "conflicting config: returning multiple target platforms is not allowed"
            )
        return wanted

    @property
    def shown(self) -> str:
        """The context as messages name it."""
        if self.context is not None:
            return str(self.context)
        return without_credentials(self.context_url) if self.context_url else "-"
