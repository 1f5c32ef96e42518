"""What a step must have before it is run."""

from __future__ import annotations

from typing import cast

import pytest

from builder.llb import ops as llb
from builder.ops.errors import OpError
from builder.ops.execop import ExecContext, ExecOperation

NOWHERE = cast("ExecContext", None)


def step(*devices: llb.CDIDevice) -> ExecOperation:
    op = llb.ExecOp(
        llb.Meta(args=("x",), cwd="/"), (llb.Mount(dest="/"),), cdi_devices=tuple(devices)
    )
    return ExecOperation(op, None, 1, NOWHERE)


def test_a_device_that_is_required_is_missed_and_others_are_not() -> None:
    assert step(llb.CDIDevice("vendor.example/a", optional=True))
    with pytest.raises(OpError, match=r'required device "vendor\.example/b" is not registered'):
        step(llb.CDIDevice("vendor.example/a", optional=True), llb.CDIDevice("vendor.example/b"))
