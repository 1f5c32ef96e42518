"""The names by which a step is found again."""

from __future__ import annotations

import pytest

from builder.engine.tracenames import trace_names
from tests.unit.builder.solver.toys import Toy


def names(text: str, scope: str = "app") -> list[str]:
    return [name.partition(" ")[2] for name in trace_names(scope)(Toy(text, "key"))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("[2/4] RUN make", ["[] RUN make", "[ 2]"]),
        ("[build 12/40] COPY a [1/2]", ["[build] COPY a [1/2]", "[build 12]"]),
        ("[linux/arm64 build 1/2] RUN x", ["[linux/arm64 build] RUN x", "[linux/arm64 build 1]"]),
        (f"[1/2] FROM a:1@sha256:{'0' * 64}", ["[] FROM a:1", "[ 1]"]),
        ("[internal] load build context", ["[internal] load build context"]),
    ],
)
def test_a_step_is_named_by_what_it_says_and_by_where_it_stands(
    name: str, expected: list[str]
) -> None:
    assert names(name) == expected


def test_dockerfiles_do_not_meet() -> None:
    vertex = Toy("[1/2] RUN x", "key")
    assert not set(trace_names("one")(vertex)) & set(trace_names("other")(vertex))
