"""What the state directory holds, piece by piece, with what a prune wants to know of each."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from builder.content.errors import ContentError
from builder.engine.state import State
from builder.exporters.graph import closure
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.manifest import MAX_MANIFEST, Index, parse
from builder.ops.threads import in_thread

REGULAR = "regular"
CACHE_MOUNT = "exec.cachemount"
INTERNAL = "internal"
LOCAL = "source.local"
LEFT_OVER = "left-over-blobs"
"""The id of the blobs that nothing refers to, taken together."""
REPOSITORY = "git-repository-"
"""What the ids of kept repositories begin with."""
CONTEXT = "context-"
"""What the ids of kept copies of contexts begin with."""
_MOUNT = "cache-mount-"
_CONFIG_LIMIT = 8 << 20


class UsageRecord(Struct, frozen=True):
    """BuildKit's UsageInfo. Times in seconds since the epoch, ``used`` None if never told;
    ``size`` in bytes. ``shared``: a named image of the local store has it too.
    """

    id: str
    type: str
    size: int
    created: float
    used: float | None
    description: str = ""
    parents: tuple[str, ...] = ()
    mutable: bool = False
    in_use: bool = False
    shared: bool = False

    @property
    def reclaimable(self) -> bool:
        return not self.in_use


class Kept(Struct, frozen=True):
    """Blobs that somebody needs: by named images, and by images that were pulled."""

    named: frozenset[Digest]
    pulled: frozenset[Digest]


async def usage(state: State) -> list[UsageRecord]:
    """All records, the oldest first. Measures what was not measured before."""
    results = {result.id: result for result in await state.cache.results()}
    notes = await state.cache.descriptions()
    sizes = await state.cache.sizes()
    new = [id for id in state.snapshots.ids() if id not in sizes]
    fresh = await in_thread(lambda _: {id: tree_size(state.snapshots.directory(id)) for id in new})
    if fresh:
        await state.cache.save_sizes(fresh)
    kept = await in_thread(lambda _: kept_blobs(state))
    blobs = {digest: state.content.size(digest) for digest in _present(state)}
    records = []
    for id in state.snapshots.ids():
        if not state.snapshots.exists(id):
            continue
        own = {d for d in state.chains.blobs(id) if d in blobs}
        result, (text, kind) = results.get(id), notes.get(id, ("", ""))
        parent = state.snapshots.parent(id)
        size = sizes.get(id, fresh.get(id, 0))
        records.append(
            UsageRecord(
                id=id,
                type=kind or REGULAR,
                size=size + sum(blobs.pop(d) for d in own - kept.named),
                created=state.snapshots.created(id) / 1e9,
                used=result.used if result is not None else None,
                description=text or _origin(state, own),
                parents=(parent,) if parent is not None else (),
                shared=bool(own & kept.named),
            )
        )
    records += mounts(state.root / "caches")
    records += repositories(state.root / "git")
    records += contexts(state.root / "contexts")
    rest = [size for digest, size in blobs.items() if digest not in kept.named | kept.pulled]
    if rest:
        text = "blobs that nothing refers to any more"
        records.append(UsageRecord(LEFT_OVER, REGULAR, sum(rest), 0.0, None, text))
    return records


def tree_size(path: Path) -> int:
    """Bytes on disk of all below ``path``; an inode with several names counts once."""
    total = 0
    seen: set[tuple[int, int]] = set()
    stack = [str(path)]
    while stack:
        try:
            entries = list(os.scandir(stack.pop()))
        except FileNotFoundError:
            continue
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if found.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                if (found.st_dev, found.st_ino) in seen:
                    continue
                seen.add((found.st_dev, found.st_ino))
            total += found.st_blocks * 512
            if entry.is_dir(follow_symlinks=False):
                stack.append(entry.path)
    return total


def mounts(root: Path) -> list[UsageRecord]:
    """The cache mounts below ``root``."""
    records = []
    for slot in sorted(root.iterdir()) if root.is_dir() else ():
        if not (slot / "lock").exists():
            continue
        found = slot.stat()
        records.append(
            UsageRecord(
                id=_MOUNT + slot.name[:12] + slot.name[64:],
                type=CACHE_MOUNT,
                size=tree_size(slot),
                created=found.st_ctime,
                used=(slot / "lock").stat().st_mtime,
                description="cache mount",
                mutable=True,
                in_use=not _free(slot / "lock"),
            )
        )
    return records


def repositories(root: Path) -> list[UsageRecord]:
    """What was fetched of remote repositories, each a record. One in use is locked by its
    build, which holds the state directory open as well."""
    records = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        lock = path.with_name(f"{path.name}.lock")
        if not path.is_dir() or not lock.exists():
            continue
        found = path.stat()
        records.append(
            UsageRecord(
                id=REPOSITORY + path.name,
                type=REGULAR,
                size=tree_size(path),
                created=found.st_ctime,
                used=found.st_mtime,
                description="shared git repo",
                mutable=True,
                in_use=not _free(lock),
            )
        )
    return records


def contexts(root: Path) -> list[UsageRecord]:
    """Kept copies of contexts. One in use is not there: its build has taken it."""
    records = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            found = (path / "record").stat()
        except FileNotFoundError:
            continue  # taken since the listing
        records.append(
            UsageRecord(
                id=CONTEXT + path.name[:12],
                type=LOCAL,
                size=tree_size(path),
                created=found.st_mtime,
                used=found.st_mtime,
                description="last copy of a build context",
                mutable=True,
            )
        )
    return records


def mount_directory(root: Path, id: str) -> Path | None:
    """The directory of a cache mount by the id of its record."""
    name = id.removeprefix(_MOUNT)
    for slot in root.iterdir() if root.is_dir() else ():
        if slot.name[:12] + slot.name[64:] == name:
            return slot
    return None


def kept_blobs(state: State) -> Kept:
    """Blobs of named images, and the documents of pulled ones whose layers are there."""
    named: set[Digest] = set()
    for descriptor in state.names.all().values():
        named |= _closure(state, descriptor)
    pulled: set[Digest] = set()
    for name, descriptor in state.names.all_pulled().items():
        documents = _documents(state, descriptor)
        if documents:
            pulled |= documents
        else:
            state.names.remove_pulled(name)
    return Kept(frozenset(named), frozenset(pulled))


def _closure(state: State, descriptor: Descriptor) -> set[Digest]:
    try:
        needed = closure(state.content, descriptor)
    except (ContentError, InvalidDocument):
        return {descriptor.digest}
    return {blob.digest for blob in (*needed.blobs, *needed.manifests)}


def _documents(state: State, top: Descriptor) -> set[Digest]:
    """Index, manifests and configs of a pulled image; none where no layer of it is left."""
    try:
        document = parse(state.content.read(top.digest, MAX_MANIFEST), top.media_type)
    except (ContentError, InvalidDocument):
        return set()
    if isinstance(document, Index):
        found: set[Digest] = set()
        for child in document.manifests:
            if state.content.has(child.digest):
                found |= _documents(state, child)
        return found | {top.digest} if found else set()
    layers = _diff_ids(state, document.config)
    if layers and state.chains.find(layers) is None:
        return set()
    return {top.digest, document.config.digest}


def _diff_ids(state: State, config: Descriptor) -> list[Digest]:
    try:
        data: Mapping[str, Mapping[str, Iterable[str]]] = json.loads(
            state.content.read(config.digest, _CONFIG_LIMIT)
        )
        return [Digest(text) for text in data["rootfs"]["diff_ids"]]
    except (ContentError, InvalidDigest, ValueError, KeyError, TypeError):
        return []


def _present(state: State) -> Iterable[Digest]:
    for digest in state.content.digests():
        if state.content.has(digest):
            yield digest


def _origin(state: State, blobs: Iterable[Digest]) -> str:
    names = sorted({name for digest in blobs for name in state.chains.origins(digest)})
    return f"layer pulled from {names[0]}" if names else ""


def _free(lock: Path) -> bool:
    """Whether no step holds a cache mount."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
