"""Cache keys of ops, as BuildKit computes them from the Go JSON of the op (``ops/exec.go``,
``ops/file.go``): the same definition has the same key there and here."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from builder.llb import ops as llb
from builder.llb.jsonform import go_struct
from builder.oci import gojson
from builder.oci.digest import Digest
from builder.oci.platform import Platform


def exec_key(op: llb.ExecOp, platform: Platform) -> Digest:
    """The definition key of a RUN step; what must not matter (addresses of extra hosts,
    proxies, selectors, ids of cache mounts) is taken out first."""
    meta = op.meta or llb.Meta()
    meta = replace(
        meta,
        proxy_env=None,
        extra_hosts=tuple(replace(host, ip="") for host in meta.extra_hosts),
    )
    mounts = tuple(_mount_for_key(mount) for mount in op.mounts)
    if len(mounts) == 1 and _is_plain_root(mounts[0]):
        mounts = ()
    key: dict[str, Any] = {
        "Type": "buildkit.exec.v0",
        "Exec": go_struct(replace(op, meta=meta, mounts=mounts)),
        "OS": platform.os,
        "Arch": platform.architecture,
    }
    key.update(_platform_details(platform))
    return Digest.of(gojson.dumps(key))


def _mount_for_key(mount: llb.Mount) -> llb.Mount:
    cache = mount.cache_opt
    if cache is not None:
        after_namespace = cache.id.partition("/")[2]
        is_default = cache.sharing == 0 and mount.dest in (cache.id, after_namespace)
        if not is_default:
            cache = llb.CacheOpt()
    return replace(mount, selector="", cache_opt=cache)


def _is_plain_root(mount: llb.Mount) -> bool:
    return (
        mount.dest == "/"
        and not mount.readonly
        and mount.mount_type == llb.MountType.BIND
        and mount.cache_opt is None
        and mount.ssh_opt is None
        and mount.secret_opt is None
        and not mount.result_id
    )


def file_key(op: llb.FileOp, inputs: int) -> Digest:
    """The definition key of a file op with that many inputs."""
    actions: list[str] = []
    indexes: list[list[int]] = []
    for action in op.actions:
        inner = action.action
        if isinstance(inner, llb.Copy) and -1 < action.secondary_input < inputs:
            inner = replace(inner, src=_base(inner.src))
        actions.append(base64.b64encode(gojson.dumps(go_struct(inner))).decode())
        indexes.append([action.input, action.secondary_input, action.output])
    key: dict[str, Any] = {"Type": "buildkit.file.v0", "Actions": actions}
    if not _are_default_indexes(indexes):
        key["indexes"] = indexes
    return Digest.of(gojson.dumps(key))


def _base(path: str) -> str:
    """Go's ``path.Base``."""
    return (path.rstrip("/").rsplit("/", 1)[-1] or "/") if path else "."


def _are_default_indexes(indexes: Sequence[Sequence[int]]) -> bool:
    """The chain that older BuildKits knew only; they kept its key without indexes."""
    last = len(indexes) - 1
    for i, (first, second, output) in enumerate(indexes):
        if first != (0 if i == 0 else last + i):
            return False
        if second not in (-1, 1) or output != (0 if i == last else -1):
            return False
    return bool(indexes)


def source_key(key: str) -> Digest:
    """The definition key of a source whose own key is ``key``."""
    return Digest.of(f"buildkit.source.v0:{key}".encode())


def image_key(digest: Digest, platform: Platform) -> str:
    """The key of an image: which manifest, for which platform."""
    key: dict[str, Any] = {
        "Digest": str(digest),
        "OS": platform.os,
        "Arch": platform.architecture,
    }
    key.update(_platform_details(platform))
    return str(Digest.of(gojson.dumps(key)))


def selector_digest(selectors: Sequence[str]) -> Digest | None:
    """Which paths of an input are used; None where the whole input is."""
    return Digest.of(b"\0".join(path.encode() for path in selectors)) if selectors else None


def _platform_details(platform: Platform) -> dict[str, Any]:
    """What most platforms have not, and then leave out."""
    details = {
        "Variant": platform.variant,
        "OSVersion": platform.os_version,
        "OSFeatures": list(platform.os_features),
    }
    return {name: value for name, value in details.items() if value}
