"""What a file op makes of a tree that was made to harm it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest

from builder.llb import ops as llb
from builder.ops.errors import OpError
from builder.ops.fileop import FileOperation
from builder.ops.results import Tree
from builder.snapshot.copying import CopySnapshotter


@pytest.mark.parametrize("what", ["fifo", "directory"])
async def test_content_is_written_to_regular_files_only(tmp_path: Path, what: str) -> None:
    with CopySnapshotter(tmp_path) as snapshots:
        with snapshots.prepare(None) as active:
            os.mkfifo(active.path / "fifo")
            (active.path / "directory").mkdir()
            base = active.commit()
        make = llb.MkFile(path=f"/{what}", mode=0o644, data=b"x")
        op = llb.FileOp((llb.FileAction(input=0, secondary_input=-1, output=0, action=make),))
        with pytest.raises(OpError, match=f"open /{what}: not a regular file"):
            await FileOperation(op, 1, snapshots).execute(cast("Any", None), [Tree(base)])
