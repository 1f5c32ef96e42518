"""Long work on layers ends soon after nobody wants it any more, and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.content import ContentStore
from builder.snapshot.chains import Chains
from builder.snapshot.copying import CopySnapshotter
from builder.snapshot.types import SnapshotError

_SIZE = 40 << 20


def after(count: int) -> tuple[Callable[[], bool], list[int]]:
    """A ``cancelled`` that says yes once it was asked ``count`` times; how often it was."""
    asked = [0]

    def cancelled() -> bool:
        asked[0] += 1
        return asked[0] > count

    return cancelled, asked


def test_a_layer_is_neither_written_nor_applied_to_its_end(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "content")
    with CopySnapshotter(tmp_path / "snapshots") as snapshots:
        chains = Chains(tmp_path / "state.db", snapshots, store)
        with snapshots.prepare(None) as active:
            with (active.path / "big").open("wb") as file:
                file.truncate(_SIZE)
            whole = active.commit()
        cancelled, asked = after(3)
        with pytest.raises(SnapshotError, match="context canceled"):
            chains.layer(whole, cancelled=cancelled)
        assert asked == [4]
        assert list(store.digests()) == []
        assert list((tmp_path / "content/ingest").iterdir()) == []
        record = chains.layer(whole)
        snapshots.remove(whole)
        cancelled, asked = after(3)
        with pytest.raises(SnapshotError, match="context canceled"):
            chains.apply(None, record, cancelled)
        assert asked == [4]
        assert snapshots.ids() == []
        assert list((tmp_path / "snapshots/active").iterdir()) == []
        assert snapshots.exists(chains.apply(None, record))
        chains.close()
