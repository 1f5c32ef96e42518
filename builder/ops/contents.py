"""Content keys: what an input holds below the paths that its user reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.oci.digest import Digest
from builder.ops.errors import OpError
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.snapshot.contenthash import PathNotFound, Selector, content_hash
from builder.snapshot.types import Snapshotter
from builder.solver.types import InputKey, Result

ContentSelector = Selector


_PARTS = 1000
"""Paths that are remembered of a content; of more, the directories above them."""


def content_input(
    snapshots: Snapshotter, selector: Digest | None, selectors: Sequence[Selector]
) -> InputKey:
    """An input whose selected paths are hashed (none: the whole tree)."""
    wanted = _without_covered(selectors)
    parts: dict[str, str] = {}

    async def compute(result: Result) -> Digest:
        def hash_tree() -> Digest:
            received = result.received if isinstance(result, Tree) else None
            with snapshots.view(Tree(result.id).snapshot) as root:
                digest = content_hash(
                    *(root, wanted),
                    received=received is not None,
                    parts=parts,
                    known=received.digests if received is not None else None,
                )
            # BuildKit hashes the digests of all paths together, also where there is but one.
            return digest if len(wanted) > 1 else Digest.of(digest.encode())

        try:
            return await in_thread(lambda _: hash_tree())
        except PathNotFound as error:
            raise OpError(
                f"failed to calculate checksum of ref {result.id}: {error}",
                hint="the path must be in the build context and not excluded by .dockerignore",
            ) from error

    return InputKey(selector, compute, lambda: condensed(parts))


def condensed(parts: Mapping[str, str]) -> Mapping[str, str]:
    """Digests of paths, in few words: those of whole directories where there are many."""
    short = {path: digest.partition(":")[2][:12] for path, digest in parts.items()}
    depth = max((path.count("/") for path in short), default=0)
    while len(short) > _PARTS and depth > 1:
        depth -= 1
        grouped: dict[str, list[str]] = {}
        for path in sorted(short):
            name = "/".join(path.split("/")[: depth + 1])
            grouped.setdefault(name, []).append(f"{path} {short[path]}")
        short = {
            name: Digest.of("\n".join(rows).encode()).hex[:12] for name, rows in grouped.items()
        }
    return short if len(short) <= _PARTS else {}


def _without_covered(selectors: Sequence[Selector]) -> list[Selector]:
    """Plain paths below another plain path add nothing (BuildKit ``dedupeSelectors``)."""

    def is_plain(selector: Selector) -> bool:
        return not (selector.wildcard or selector.include or selector.exclude)

    kept: set[Selector] = set()
    for follow in (False, True):
        same = {s.path: s for s in selectors if is_plain(s) and s.follow_links == follow}
        kept |= {
            selector
            for path, selector in same.items()
            if not any(other != path and path.startswith(other.rstrip("/") + "/") for other in same)
        }
    filtered = [selector for selector in selectors if not is_plain(selector)]
    return sorted([*kept, *filtered], key=lambda selector: (selector.path, selector.follow_links))
