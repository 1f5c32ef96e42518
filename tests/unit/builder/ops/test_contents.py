"""What is remembered of a content, to tell later what of it changed."""

from __future__ import annotations

from builder.ops.contents import condensed


def test_few_paths_are_kept_with_short_digests() -> None:
    assert condensed({"/a": "sha256:" + "0" * 64}) == {"/a": "0" * 12}


def test_many_paths_become_their_directories() -> None:
    parts = {f"/d{n % 7}/sub{n % 70}/f{n}": f"sha256:{n:064x}" for n in range(5000)}
    told = condensed(parts)
    assert set(told) == {f"/d{n % 7}/sub{n}" for n in range(70)}
    other = condensed({**parts, "/d3/sub3/f3": "sha256:" + "f" * 64})
    assert [name for name in told if told[name] != other[name]] == ["/d3/sub3"]


def test_too_many_names_in_one_place_are_not_kept_at_all() -> None:
    assert condensed({f"/{n}": f"sha256:{n:064x}" for n in range(5000)}) == {}
