"""The ops of the build graph, as frozen classes named as in BuildKit's ``pb`` package.

Zero values are what proto3 leaves out. Paths are as the frontend wrote them. Indexes of
``-1`` mean "none" (an input) or "skip" (an output). Source: ``solver/pb/ops.proto``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from builder.llb.schema import (
    BOOL,
    BYTES,
    INT32,
    INT64,
    MESSAGE,
    STRING,
    UINT32,
    FieldSpec,
    Member,
    Message,
    enumeration,
    mapping,
    message,
    oneof,
    proto,
)
from builder.oci.digest import Digest
from builder.oci.platform import Platform

NO_INPUT = -1
SKIP_OUTPUT = -1
KEEP = -1
"""``mode`` and ``timestamp`` of a file action: leave as the source has it."""


class NetMode(IntEnum):
    """Network of an exec op. ``UNSET`` is the sandbox's own network."""

    UNSET = 0
    HOST = 1
    NONE = 2


class SecurityMode(IntEnum):
    """Security profile of an exec op."""

    SANDBOX = 0
    INSECURE = 1


class MountType(IntEnum):
    """What is mounted."""

    BIND = 0
    SECRET = 1
    SSH = 2
    CACHE = 3
    TMPFS = 4


class CacheSharing(IntEnum):
    """How users of a cache mount at the same time share it."""

    SHARED = 0
    PRIVATE = 1
    LOCKED = 2


class ContentCache(IntEnum):
    """Whether a mount takes part in the content-based cache key."""

    DEFAULT = 0
    ON = 1
    OFF = 2


class Input(Message, frozen=True):
    """Output ``index`` of the op whose bytes have ``digest``."""

    digest: Digest = proto(1, "digest", STRING, type_=Digest)
    index: int = proto(2, "index", INT64)


class Constraints(Message, frozen=True):
    """Filters on the worker; present and empty in every op but the terminal one."""

    filter: tuple[str, ...] = proto(1, "filter", STRING, repeated=True)


class ProxyEnv(Message, frozen=True):
    """Proxy variables of an exec op; never part of its cache key."""

    http_proxy: str = proto(1, "http_proxy", STRING)
    https_proxy: str = proto(2, "https_proxy", STRING)
    ftp_proxy: str = proto(3, "ftp_proxy", STRING)
    no_proxy: str = proto(4, "no_proxy", STRING)
    all_proxy: str = proto(5, "all_proxy", STRING)


class HostIP(Message, frozen=True):
    """A line of /etc/hosts."""

    host: str = proto(1, "Host", STRING)
    ip: str = proto(2, "IP", STRING)


class Ulimit(Message, frozen=True):
    """A resource limit, ``name`` as in ``ulimit`` without RLIMIT_."""

    name: str = proto(1, "Name", STRING)
    soft: int = proto(2, "Soft", INT64)
    hard: int = proto(3, "Hard", INT64)


class Meta(Message, frozen=True):
    """The process of an exec op; ``env`` items are ``K=V`` in the order they are set."""

    args: tuple[str, ...] = proto(1, "args", STRING, repeated=True)
    env: tuple[str, ...] = proto(2, "env", STRING, repeated=True)
    cwd: str = proto(3, "cwd", STRING)
    user: str = proto(4, "user", STRING)
    proxy_env: ProxyEnv | None = message(5, "proxy_env", ProxyEnv)
    extra_hosts: tuple[HostIP, ...] = message(6, "extraHosts", HostIP, repeated=True)
    hostname: str = proto(7, "hostname", STRING)
    ulimit: tuple[Ulimit, ...] = message(9, "ulimit", Ulimit, repeated=True)
    cgroup_parent: str = proto(10, "cgroupParent", STRING)
    remove_mount_stubs_recursive: bool = proto(11, "removeMountStubsRecursive", BOOL)
    valid_exit_codes: tuple[int, ...] = proto(12, "validExitCodes", INT32, repeated=True)


class TmpfsOpt(Message, frozen=True):
    """``size`` in bytes; 0 is the kernel's default."""

    size: int = proto(1, "size", INT64)


class CacheOpt(Message, frozen=True):
    """A persistent directory named ``id``."""

    id: str = proto(1, "ID", STRING)
    sharing: CacheSharing = enumeration(2, "sharing", CacheSharing)


class SecretOpt(Message, frozen=True):
    """A secret as a file; ``mode`` are permission bits."""

    id: str = proto(1, "ID", STRING)
    uid: int = proto(2, "uid", UINT32)
    gid: int = proto(3, "gid", UINT32)
    mode: int = proto(4, "mode", UINT32)
    optional: bool = proto(5, "optional", BOOL)


class SSHOpt(Message, frozen=True):
    """An agent socket; ``mode`` are permission bits."""

    id: str = proto(1, "ID", STRING)
    uid: int = proto(2, "uid", UINT32)
    gid: int = proto(3, "gid", UINT32)
    mode: int = proto(4, "mode", UINT32)
    optional: bool = proto(5, "optional", BOOL)


class Mount(Message, frozen=True):
    """One mount of an exec op. ``selector`` is the path below the input's root.

    ``input`` -1 mounts nothing of the graph (a cache, tmpfs, secret or empty directory);
    ``output`` numbers the op's results, -1 discards the writes.
    """

    input: int = proto(1, "input", INT64)
    selector: str = proto(2, "selector", STRING)
    dest: str = proto(3, "dest", STRING)
    output: int = proto(4, "output", INT64)
    readonly: bool = proto(5, "readonly", BOOL)
    mount_type: MountType = enumeration(6, "mountType", MountType)
    tmpfs_opt: TmpfsOpt | None = message(19, "TmpfsOpt", TmpfsOpt)
    cache_opt: CacheOpt | None = message(20, "cacheOpt", CacheOpt)
    secret_opt: SecretOpt | None = message(21, "secretOpt", SecretOpt)
    ssh_opt: SSHOpt | None = message(22, "SSHOpt", SSHOpt)
    result_id: str = proto(23, "resultID", STRING)
    content_cache: ContentCache = enumeration(24, "contentCache", ContentCache)


class SecretEnv(Message, frozen=True):
    """A secret as the environment variable ``name``."""

    id: str = proto(1, "ID", STRING)
    name: str = proto(2, "name", STRING)
    optional: bool = proto(3, "optional", BOOL)


class CDIDevice(Message, frozen=True):
    """A CDI device by its qualified name."""

    name: str = proto(1, "name", STRING)
    optional: bool = proto(2, "optional", BOOL)


class ExecOp(Message, frozen=True):
    """Runs a process; its first mount is the root."""

    meta: Meta | None = message(1, "meta", Meta)
    mounts: tuple[Mount, ...] = message(2, "mounts", Mount, repeated=True)
    network: NetMode = enumeration(3, "network", NetMode)
    security: SecurityMode = enumeration(4, "security", SecurityMode)
    secretenv: tuple[SecretEnv, ...] = message(5, "secretenv", SecretEnv, repeated=True)
    cdi_devices: tuple[CDIDevice, ...] = message(6, "cdiDevices", CDIDevice, repeated=True)


class SourceOp(Message, frozen=True):
    """Something from outside: ``docker-image://``, ``local://``, ``git://``, ``https://`` ..."""

    identifier: str = proto(1, "identifier", STRING)
    attrs: Mapping[str, str] = mapping(2, "attrs", STRING)


class NamedUserOpt(Message, frozen=True):
    """A user or group by name, looked up in the root that ``input`` gives."""

    name: str = proto(1, "name", STRING)
    input: int = proto(2, "input", INT64)


class UserOpt(Message, frozen=True):
    """A user or group: a name, or a number."""

    user: NamedUserOpt | int | None = oneof(
        Member(1, "byName", MESSAGE, NamedUserOpt), Member(2, "byID", UINT32, int)
    )


class ChownOpt(Message, frozen=True):
    """The owner of what a file action makes; None leaves that half alone."""

    user: UserOpt | None = message(1, "user", UserOpt)
    group: UserOpt | None = message(2, "group", UserOpt)


class Copy(Message, frozen=True):
    """Copies ``src`` of the secondary input to ``dest``. ``mode_str`` is a symbolic mode."""

    src: str = proto(1, "src", STRING)
    dest: str = proto(2, "dest", STRING)
    owner: ChownOpt | None = message(3, "owner", ChownOpt)
    mode: int = proto(4, "mode", INT32)
    follow_symlink: bool = proto(5, "followSymlink", BOOL)
    dir_copy_contents: bool = proto(6, "dirCopyContents", BOOL)
    attempt_unpack: bool = proto(7, "attemptUnpackDockerCompatibility", BOOL)
    create_dest_path: bool = proto(8, "createDestPath", BOOL)
    allow_wildcard: bool = proto(9, "allowWildcard", BOOL)
    allow_empty_wildcard: bool = proto(10, "allowEmptyWildcard", BOOL)
    timestamp: int = proto(11, "timestamp", INT64)
    include_patterns: tuple[str, ...] = proto(12, "include_patterns", STRING, repeated=True)
    exclude_patterns: tuple[str, ...] = proto(13, "exclude_patterns", STRING, repeated=True)
    always_replace_existing_dest_paths: bool = proto(14, "alwaysReplaceExistingDestPaths", BOOL)
    mode_str: str = proto(15, "modeStr", STRING)
    required_paths: tuple[str, ...] = proto(16, "required_paths", STRING, repeated=True)


class MkFile(Message, frozen=True):
    """Writes ``data`` to ``path``. ``timestamp`` in nanoseconds, -1 for now."""

    path: str = proto(1, "path", STRING)
    mode: int = proto(2, "mode", INT32)
    data: bytes = proto(3, "data", BYTES)
    owner: ChownOpt | None = message(4, "owner", ChownOpt)
    timestamp: int = proto(5, "timestamp", INT64)


class MkDir(Message, frozen=True):
    """Makes the directory ``path``."""

    path: str = proto(1, "path", STRING)
    mode: int = proto(2, "mode", INT32)
    make_parents: bool = proto(3, "makeParents", BOOL)
    owner: ChownOpt | None = message(4, "owner", ChownOpt)
    timestamp: int = proto(5, "timestamp", INT64)


class Rm(Message, frozen=True):
    """Removes ``path``."""

    path: str = proto(1, "path", STRING)
    allow_not_found: bool = proto(2, "allowNotFound", BOOL)
    allow_wildcard: bool = proto(3, "allowWildcard", BOOL)


class Symlink(Message, frozen=True):
    """Makes ``newpath`` a symbolic link to ``oldpath``."""

    oldpath: str = proto(1, "oldpath", STRING)
    newpath: str = proto(2, "newpath", STRING)
    owner: ChownOpt | None = message(3, "owner", ChownOpt)
    timestamp: int = proto(4, "timestamp", INT64)


class FileAction(Message, frozen=True):
    """One step of a file op.

    ``input`` and ``secondary_input`` below the number of op inputs name an input; from there
    on the result of the action (index minus number of inputs); -1 is an empty root.
    ``output`` -1 is intermediate.
    """

    input: int = proto(1, "input", INT64)
    secondary_input: int = proto(2, "secondaryInput", INT64)
    output: int = proto(3, "output", INT64)
    action: Copy | MkFile | MkDir | Rm | Symlink | None = oneof(
        Member(4, "copy", MESSAGE, Copy),
        Member(5, "mkfile", MESSAGE, MkFile),
        Member(6, "mkdir", MESSAGE, MkDir),
        Member(7, "rm", MESSAGE, Rm),
        Member(8, "symlink", MESSAGE, Symlink),
    )


class FileOp(Message, frozen=True):
    """Changes files without running anything."""

    actions: tuple[FileAction, ...] = message(2, "actions", FileAction, repeated=True)


class MergeInput(Message, frozen=True):
    """A layer to merge: the op input of that number."""

    input: int = proto(1, "input", INT64)


class MergeOp(Message, frozen=True):
    """Lays the inputs over one another, in order."""

    inputs: tuple[MergeInput, ...] = message(1, "inputs", MergeInput, repeated=True)


class LowerDiffInput(Message, frozen=True):
    """-1 is scratch."""

    input: int = proto(1, "input", INT64)


class UpperDiffInput(Message, frozen=True):
    """-1 is scratch."""

    input: int = proto(1, "input", INT64)


class DiffOp(Message, frozen=True):
    """What upper changed against lower."""

    lower: LowerDiffInput | None = message(1, "lower", LowerDiffInput)
    upper: UpperDiffInput | None = message(2, "upper", UpperDiffInput)


class BuildInput(Message, frozen=True):
    """An input of a nested build."""

    input: int = proto(1, "input", INT64)


class BuildOp(Message, frozen=True):
    """Solves a definition found in an input (``builder`` -1: the definition is LLB itself).

    ``definition`` is the serialised nested ``Definition``.
    """

    builder: int = proto(1, "builder", INT64)
    inputs: Mapping[str, BuildInput] = mapping(2, "inputs", MESSAGE, BuildInput)
    definition: bytes = proto(3, "def", BYTES)
    attrs: Mapping[str, str] = mapping(4, "attrs", STRING)


class PassthroughOp(Message, frozen=True):
    """Hands its inputs on under an id."""

    id: str = proto(1, "id", STRING)
    outputs: int = proto(2, "outputs", INT64)


_PLATFORM_FIELDS = (
    FieldSpec(1, "Architecture", STRING, attribute="architecture"),
    FieldSpec(2, "OS", STRING, attribute="os"),
    FieldSpec(3, "Variant", STRING, attribute="variant"),
    FieldSpec(4, "OSVersion", STRING, attribute="os_version"),
    FieldSpec(5, "OSFeatures", STRING, repeated=True, attribute="os_features"),
)

AnyOp = ExecOp | SourceOp | FileOp | BuildOp | MergeOp | DiffOp | PassthroughOp


class Op(Message, frozen=True):
    """A node of the graph. ``op`` None is the terminal node: it names the result."""

    inputs: tuple[Input, ...] = message(1, "inputs", Input, repeated=True)
    op: AnyOp | None = oneof(
        Member(2, "exec", MESSAGE, ExecOp),
        Member(3, "source", MESSAGE, SourceOp),
        Member(4, "file", MESSAGE, FileOp),
        Member(5, "build", MESSAGE, BuildOp),
        Member(6, "merge", MESSAGE, MergeOp),
        Member(7, "diff", MESSAGE, DiffOp),
        Member(8, "passthrough", MESSAGE, PassthroughOp),
    )
    platform: Platform | None = message(10, "platform", Platform, fields=_PLATFORM_FIELDS)
    constraints: Constraints | None = message(11, "constraints", Constraints)
