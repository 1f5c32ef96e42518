"""BuildKit's cache configuration, read, written, and as records of the solver."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.cache.cacheconfig import (
    CacheConfig,
    InvalidCacheConfigError,
    Layer,
    from_records,
    to_records,
)
from builder.oci.digest import Digest
from builder.solver.cachestore import Link, Record, StoredResult


def _digest(text: str) -> str:
    return str(Digest.of(text.encode()))


A, B = Layer(Digest(_digest("a"))), Layer(Digest(_digest("b")))
DOCUMENT = {
    "layers": [
        {"blob": str(A.blob), "parent": -1},
        {"blob": str(B.blob)},  # its parent is number 0, which is left out
    ],
    "records": [
        {"digest": _digest("base"), "layers": [{"layer": 0, "createdAt": "2026-01-02T03:04:05Z"}]},
        {"digest": _digest("content")},
        {
            "digest": _digest("copy"),
            "layers": [{"layer": 1, "createdAt": "2026-01-02T03:04:06.5Z"}],
            "inputs": [[{"link": 0}], [{"selector": _digest("/a"), "link": 0}, {"link": 1}]],
        },
    ],
}


def _parse(document: object) -> CacheConfig:
    return CacheConfig.parse(json.dumps(document).encode())


def test_a_result_is_its_layer_on_all_its_parents() -> None:
    base, _, copy = _parse(DOCUMENT).records
    assert base.results[0].chain == (A,)
    assert copy.results[0].chain == (A, B)
    assert copy.results[0].created == 1767323046.5


def test_chains_spell_out_their_layers() -> None:
    document = {
        "layers": [{"blob": str(A.blob), "parent": -1}, {"blob": str(B.blob), "parent": -1}],
        "records": [{"digest": _digest("merge"), "chains": [{"layers": [1, 0]}]}],
    }
    (record,) = _parse(document).records
    assert record.results[0].chain == (B, A)
    assert CacheConfig.parse(CacheConfig((record,)).dumps()).records == (record,)


def test_records_of_the_solver_have_the_links_of_the_document() -> None:
    base, content, copy = to_records(_parse(DOCUMENT), lambda chain: f"{len(chain)} layers")
    assert (base.id, base.key) == (_digest("base"), _digest("base"))
    assert content.results == ()
    assert copy.key == _digest("copy")
    assert copy.links == {
        Link(0, "", base.id),
        Link(1, _digest("/a"), base.id),
        Link(1, "", content.id),
    }
    assert copy.results == (StoredResult("2 layers", 1767323046.5, 1767323046.5),)


def test_ids_do_not_depend_on_the_order_of_the_document() -> None:
    records: list[dict[str, Any]] = json.loads(json.dumps(DOCUMENT["records"]))
    turned = {**DOCUMENT, "records": records[::-1]}
    for sources in turned["records"][0]["inputs"]:  # type: ignore[index]
        for pair in sources:
            pair["link"] = 2 - pair["link"]
    ids = {record.id for record in to_records(_parse(DOCUMENT), str)}
    assert {record.id for record in to_records(_parse(turned), str)} == ids


def test_what_is_written_is_read_the_same() -> None:
    config = _parse(DOCUMENT)
    chains = {"r1": (A,), "r2": (A, B)}
    records = to_records(config, lambda chain: f"r{len(chain)}")
    again = from_records(records, chains)
    assert set(to_records(again, lambda chain: f"r{len(chain)}")) == set(records)
    assert CacheConfig.parse(again.dumps()) == again
    assert again.dumps() == from_records(records[::-1], chains).dumps()


def test_number_zero_is_left_out_and_no_parent_is_minus_one() -> None:
    written = json.loads(
        from_records(
            to_records(_parse(DOCUMENT), lambda c: f"r{len(c)}"), {"r1": (A,), "r2": (A, B)}
        ).dumps()
    )
    rows = written["layers"]
    bottom = next(row for row in rows if row["blob"] == str(A.blob))
    top = next(row for row in rows if row["blob"] == str(B.blob))
    assert bottom["parent"] == -1
    assert rows[top.get("parent", 0)] is bottom


def test_only_what_leads_to_layers_is_exported_and_nothing_of_a_session() -> None:
    kept = Record("k", _digest("k"), frozenset({Link(0, "", "s")}), (StoredResult("r", 1.0, 1.0),))
    stone = Record("s", _digest("s"), frozenset(), (StoredResult("unpublished", 1.0, 1.0),))
    blind = Record("b", _digest("b"), frozenset({Link(0, "", "s")}))
    local = Record("random:x", "random:x", frozenset(), (StoredResult("r", 1.0, 1.0),))
    config = from_records([kept, stone, blind, local], {"r": (A,)})
    assert sorted(record.digest for record in config.records) == sorted((kept.key, stone.key))
    assert sum(len(record.results) for record in config.records) == 1


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"records": [{"digest": "nonsense"}]},
        {"records": [{}]},
        {"layers": [{"blob": str(A.blob), "parent": 0}]},
        {"layers": [{"blob": str(A.blob), "parent": 7}]},
        {"records": [{"digest": _digest("x"), "layers": [{"layer": 0}]}]},
        {"records": [{"digest": _digest("x"), "inputs": [[{"link": 1}]]}]},
        {"records": [{"digest": _digest("x"), "inputs": [[]]}]},
        {"layers": 3},
        {"layers": [{"blob": str(A.blob), "parent": float("inf")}]},
        {"records": [{"digest": _digest("x"), "layers": [{"layer": -1}]}]},
    ],
)
def test_what_refers_to_nothing_is_refused(document: object) -> None:
    with pytest.raises(InvalidCacheConfigError):
        _parse(document)


@pytest.mark.parametrize("data", [b"\xff{", b"[" * 100_000])
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidCacheConfigError):
        CacheConfig.parse(data)


def test_a_loop_of_records_is_refused() -> None:
    loop = [{"digest": _digest(n), "inputs": [[{"link": 1 - i}]]} for i, n in enumerate("xy")]
    with pytest.raises(InvalidCacheConfigError, match="loop"):
        to_records(_parse({"records": loop}), str)


def test_a_long_chain_of_layers_and_records_needs_no_stack() -> None:
    count = 3000
    layers = [{"blob": _digest(str(n)), "parent": n - 1} for n in range(50)]
    records: list[dict[str, Any]] = [{"digest": _digest("0")}]
    records += [{"digest": _digest(str(n)), "inputs": [[{"link": n - 1}]]} for n in range(1, count)]
    records[-1]["layers"] = [{"layer": 49}]
    found = to_records(_parse({"layers": layers, "records": records}), lambda c: str(len(c)))
    assert len(found) == count
    assert found[-1].results[0].id == "50"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["layers", "records", "digest", "blob", "parent", "inputs", "link"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_document_raises_anything_else(document: object) -> None:
    try:
        to_records(_parse(document), str)
    except InvalidCacheConfigError:
        return


def test_a_link_that_goes_round_in_a_circle_is_left_out() -> None:
    """Two stages that copy equal content meet in one record, which then leads to itself."""
    content = Record("c", _digest("c"))
    links = frozenset({Link(0, "", "c"), Link(0, _digest("/a"), "k")})
    copied = Record("k", _digest("k"), links, (StoredResult("r", 1.0, 1.0),))
    config = from_records([content, copied], {"r": (A,)})
    assert [len(record.inputs) for record in config.records] == [0, 1]
    assert to_records(CacheConfig.parse(config.dumps()), str)


def test_a_record_that_lacks_an_input_is_left_out_with_all_that_needs_it() -> None:
    half = Record("h", _digest("h"), frozenset({Link(1, "", "gone"), Link(0, "", "base")}))
    user = Record("u", _digest("u"), frozenset({Link(0, "", "h")}), (StoredResult("r", 1.0, 1.0),))
    assert from_records([Record("base", _digest("b")), half, user], {"r": (A,)}).records == ()


def test_of_several_results_the_newest_goes_along() -> None:
    results = (StoredResult("old", 1.0, 9.0), StoredResult("new", 2.0, 2.0))
    config = from_records(
        [Record("r", _digest("r"), frozenset(), results)], {"old": (A,), "new": (B,)}
    )
    assert [result.chain for result in config.records[0].results] == [(B,)]


def test_an_inline_cache_names_layers_by_their_place_in_the_image() -> None:
    whole = Record("w", _digest("w"), frozenset(), (StoredResult("ab", 1.0, 1.0),))
    other = Record("o", _digest("o"), frozenset(), (StoredResult("b", 1.0, 1.0),))
    config = from_records([whole, other], {"ab": (A, B), "b": (B,)})
    rows = {row["digest"]: row for row in json.loads(config.dumps_inline([A.blob, B.blob]))}
    assert [place["layer"] for place in rows[_digest("w")]["layers"]] == [1]
    assert [place["layers"] for place in rows[_digest("o")]["chains"]] == [[1]]
    assert config.dumps_inline([A.blob]) == b""
