"""What is printed after a build, against what BuildKit's client printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.events import SourceInfo, SourceRange, WarningEvent
from builder.progress.report import failure_excerpt, source_frame, warnings_summary
from tests.unit.builder.progress import recorded

DOCKERFILES = {
    "fail": b"FROM busybox\nRUN echo before\nRUN echo failing && exit 3\n",
    "missing": b"FROM busybox\nCOPY nope /x\n",
    "notfound": b"FROM busybox:nope\nRUN true\n",
    "parse": b"FROM busybox\nRUN true\nRUNN oops\n",
}


@pytest.mark.parametrize(
    ("name", "line"), [("fail", 3), ("missing", 2), ("notfound", 1), ("parse", 3)]
)
def test_the_source_frame_is_the_one_that_was_recorded(name: str, line: int) -> None:
    info = SourceInfo(f"Dockerfile.{name}", DOCKERFILES[name])
    frame = source_frame(info, [SourceRange(line, line)])
    said = recorded.after(name)
    begin = said.index(f"Dockerfile.{name}:")
    assert frame == said[begin : said.index("error: ")]


def _numbered(count: int, first: int, last: int) -> list[tuple[int, bool]]:
    """Numbers of the lines shown, and whether each is marked."""
    data = "\n".join(f"line {n}" for n in range(1, count + 1)).encode()
    frame = source_frame(SourceInfo("Dockerfile", data), [SourceRange(first, last)])
    rows = frame.splitlines()[2:-1]
    return [(int(row[:4]), row[7:10] == ">>>") for row in rows]


def test_a_single_line_has_two_neighbours_on_either_side() -> None:
    assert _numbered(20, 10, 10) == [(8, False), (9, False), (10, True), (11, False), (12, False)]


def test_a_range_has_one_neighbour_on_either_side() -> None:
    assert _numbered(20, 10, 12) == [
        (9, False),
        (10, True),
        (11, True),
        (12, True),
        (13, False),
    ]


def test_several_ranges_are_marked_one_by_one() -> None:
    data = b"\n".join(b"x" for _ in range(9))
    frame = source_frame(SourceInfo("f", data), [SourceRange(2, 2), SourceRange(5, 6)])
    assert [row[7:10] == ">>>" for row in frame.splitlines()[2:-1]] == [
        False,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_an_end_before_the_start_means_the_start() -> None:
    assert [n for n, marked in _numbered(9, 4, 0) if marked] == [4]


def test_lines_that_the_file_does_not_have_make_no_frame() -> None:
    info = SourceInfo("Dockerfile", b"FROM x\n")
    assert source_frame(info, [SourceRange(9, 9)]) == ""
    assert source_frame(info, [SourceRange(0, 0)]) == ""
    assert source_frame(info, []) == ""


@given(
    st.integers(1, 12),
    st.lists(st.builds(SourceRange, st.integers(-1, 14), st.integers(-1, 14)), max_size=3),
)
def test_a_frame_always_ends_and_shows_lines_of_the_file(
    count: int, ranges: list[SourceRange]
) -> None:
    info = SourceInfo("f", b"\n".join(b"text" for _ in range(count)))
    frame = source_frame(info, ranges)
    numbers = [int(row[:4]) for row in frame.splitlines()[2:-1]]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= count for number in numbers)


def test_the_excerpt_of_a_failed_step_is_the_one_that_was_recorded() -> None:
    excerpt = failure_excerpt("[3/3] RUN echo failing && exit 3", [b"0.083 failing"])
    assert recorded.after("fail").startswith(excerpt.decode())


WARNING = WarningEvent(
    "d",
    "JSONArgsRecommended: JSON arguments recommended (line 2)",
    1,
    ("why it matters",),
    "https://example.com/rule",
    SourceInfo("Dockerfile", b"FROM x\nCMD y\n"),
    (SourceRange(2, 2),),
)


def test_warnings_are_counted_and_listed() -> None:
    how = "use docker --debug to expand"
    assert warnings_summary([WARNING], how=how) == (
        "\n 1 warning found (use docker --debug to expand):\n"
        " - JSONArgsRecommended: JSON arguments recommended (line 2)\n"
    )
    assert "\n 2 warnings found:\n" in warnings_summary([WARNING, WARNING])
    assert warnings_summary([]) == ""


def test_the_count_of_warnings_is_yellow_where_colours_are_wanted() -> None:
    text = warnings_summary([WARNING], how="expand", colour=True)
    assert text.startswith("\n \x1b[33m1 warning found (expand):\x1b[0m\n - JSON")


def test_expanded_warnings_have_detail_link_and_source() -> None:
    text = warnings_summary([WARNING], expand=True, how="never shown")
    assert "never shown" not in text
    assert "why it matters\nMore info: https://example.com/rule\nDockerfile:2\n----" in text
    assert "   2 | >>> CMD y\n" in text
