"""Long files: what a conversion costs grows as they do."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from builder.llb.definition import Definition
from tests.fixtures.conversion import made
from tests.fixtures.longfiles import SHAPES

_EVERYTHING = """FROM a AS first
WORKDIR /src
USER 7
RUN --mount=type=cache,target=/c,uid=3 --mount=type=secret,id=s --mount=type=ssh --network=none x
RUN --mount=type=bind,from=b,source=/d,target=/e --mount=type=tmpfs,target=/t,size=5 x
RUN <<EOF
x
EOF
FROM first
COPY --link --chown=me:0 --chmod=u+x --exclude=*.md a b /c/
COPY --from=first --parents /a/./b /d
COPY <<F /g
text
F
ADD --checksum=sha256:%s https://host.example/f /h
ADD https://host.example/r.git#main:sub /i
"""


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_the_cost_of_a_file_grows_with_its_length(shape: Callable[[int], str]) -> None:
    async def cost(count: int) -> float:
        source, costs = shape(count), []
        for _ in range(3):
            started = time.process_time()
            (await made(source)).definition.to_json()
            costs.append(time.process_time() - started)
        return min(costs)

    # Four times as long; were it quadratic, sixteen times as much.
    assert await cost(1000) < 8 * await cost(250)


async def test_ops_that_were_kept_are_those_that_their_bytes_hold() -> None:
    definition = (await made(_EVERYTHING % ("0" * 64))).definition
    decoded = Definition.decode(definition.encode())
    assert len(definition.made) == len(definition.def_) > 12
    assert definition.ops() == decoded.ops()
    assert decoded.made == {}


async def test_ops_of_bytes_that_were_put_in_later_are_decoded() -> None:
    first, second = [(await made(f"FROM a\nRUN {n}\n")).definition for n in (1, 2)]
    changed = replace(first, def_=second.def_)
    assert changed.ops() == second.ops()
