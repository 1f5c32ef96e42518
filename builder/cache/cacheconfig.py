"""BuildKit's cache configuration: the records of a cache, and the layers they result in.

``application/vnd.buildkit.cacheconfig.v0`` is JSON: ``layers[{blob, parent, annotations}]``
and ``records[{digest, layers, chains, inputs}]`` that refer to each other by number. Here
it is a value, read and written, and turned into the solver's records and back. ``parent``
is left out for number 0 and -1 for none; ``layer`` in a result means that layer on all its
parents, ``chains`` spell the layers out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from msgspec import Struct, field

from builder.errors import BuilderError
from builder.oci import gojson
from builder.oci.digest import Digest
from builder.solver.cachestore import Link, Record, StoredResult

MEDIA_TYPE = "application/vnd.buildkit.cacheconfig.v0"


MALFORMED = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What reading a document of another shape raises."""


class InvalidCacheConfigError(BuilderError):
    """The document is no cache configuration, or refers to what it does not hold."""


class Layer(NamedTuple):
    """A layer blob. ``annotations`` as in the document (mediaType, diffID, size, createdAt)."""

    blob: Digest
    annotations: tuple[tuple[str, Any], ...] = ()


Chain = tuple[Layer, ...]
"""Layers from the bottom to the top: the content of a result."""


class ChainResult(NamedTuple):
    """A result; ``created`` is in seconds since the epoch."""

    chain: Chain
    created: float


class CacheConfigRecord(Struct, frozen=True):
    """A record; ``inputs`` holds, per input, (selector, number of the record) pairs."""

    digest: str
    results: tuple[ChainResult, ...] = ()
    inputs: tuple[tuple[tuple[str, int], ...], ...] = ()


class CacheConfig(Struct, frozen=True):
    """The document as a value; records refer to each other by their place in it."""

    records: tuple[CacheConfigRecord, ...] = field(default=())

    @classmethod
    def parse(cls, data: bytes) -> CacheConfig:
        """Reads the document. Raises ``InvalidCacheConfigError``."""
        try:
            document = json.loads(data)
            layers = [_layer(row) for row in document.get("layers") or ()]
            chains = _chains(layers)
            records = tuple(_record(row, chains) for row in document.get("records") or ())
        except InvalidCacheConfigError:
            raise
        except (*MALFORMED, BuilderError) as error:
            raise InvalidCacheConfigError(f"invalid cache configuration: {error}") from error
        for record in records:
            for sources in record.inputs:
                if not sources or not all(0 <= n < len(records) for _, n in sources):
                    raise InvalidCacheConfigError("a record has an input that leads nowhere")
        return cls(records)

    def _prefixes(self) -> list[Chain]:
        """Every layer on its parents, in the order of the document."""
        used = {r.chain for record in self.records for r in record.results}
        prefixes = {chain[:n] for chain in used for n in range(1, len(chain) + 1)}
        return sorted(prefixes, key=lambda c: [str(layer.blob) for layer in reversed(c)])

    def blobs(self) -> list[Digest]:
        """The layers in the order of the document; one on other parents comes again."""
        return [chain[-1].blob for chain in self._prefixes()]

    def dumps(self) -> bytes:
        """The document as BuildKit orders it: equal caches are equal bytes."""
        numbers = {chain: number for number, chain in enumerate(self._prefixes())}
        layers = []
        for chain in numbers:
            parent = numbers[chain[:-1]] if len(chain) > 1 else -1
            row: dict[str, Any] = {"blob": str(chain[-1].blob)}
            if parent:
                row["parent"] = parent
            if chain[-1].annotations:
                row["annotations"] = dict(chain[-1].annotations)
            layers.append(row)
        rows = [_record_row(record, _by_number(record, numbers)) for record in self.records]
        return gojson.dumps({k: v for k, v in (("layers", layers), ("records", rows)) if v})

    def dumps_inline(self, layers: Sequence[Digest]) -> bytes:
        """The records alone, for an image of these layers, bottom first.

        A result that is made of other layers is left out; empty where none remains.
        """
        rows = []
        for record in self.records:
            own = [r for r in record.results if {layer.blob for layer in r.chain} <= {*layers}]
            rows.append(_record_row(record, _by_place(own, layers)))
        return gojson.dumps(rows) if any("layers" in r or "chains" in r for r in rows) else b""


def to_records(config: CacheConfig, result_id: Callable[[Chain], str]) -> list[Record]:
    """The solver's records; ``result_id`` names the result that a chain of layers is.

    A record without inputs has its digest for an id, as in the solver. Raises
    ``InvalidCacheConfigError`` where records refer to each other in a loop.
    """
    records: dict[int, Record] = {}
    for number in _inputs_first(config.records):
        row = config.records[number]
        links = frozenset(
            Link(i, selector, records[source].id)
            for i, sources in enumerate(row.inputs)
            for selector, source in sources
        )
        results = tuple(StoredResult(result_id(r.chain), r.created, r.created) for r in row.results)
        records[number] = Record(_id(row.digest, links), row.digest, links, results)
    return list(records.values())


def from_records(records: Iterable[Record], chains: Mapping[str, Chain]) -> CacheConfig:
    """What of ``records`` leads to a result that has layers (``chains``: by result id).

    Of links that go round in a circle one is left out, and so is a record that lacks an input:
    BuildKit reads neither.
    """
    known = {record.id: record for record in records if record.persistent}
    links = _links(known)
    results = {r.id for r in known.values() if any(s.id in chains for s in r.results)}
    stack = [name for name in results if name in links]
    alive: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in alive:
            alive.add(name)
            stack.extend(link.source for link in links[name])
    order = sorted((known[name] for name in alive), key=lambda r: _order(r, known))
    numbers = {record.id: number for number, record in enumerate(order)}
    return CacheConfig(
        tuple(_config_record(record, links[record.id], numbers, chains) for record in order)
    )


def _links(known: Mapping[str, Record]) -> dict[str, frozenset[Link]]:
    """Of every record that has all its inputs, the links that can be written."""
    kept: dict[str, frozenset[Link]] = {}
    seen: set[str] = set()
    for start in sorted(known):
        stack = [(start, False)]
        while stack:
            name, walked = stack.pop()
            record = known[name]
            if walked:  # sources that are not kept by now are lost, or lead back to here
                usable = frozenset(k for k in record.links if k.source in kept)
                if {k.input for k in usable} == set(range(record.arity)):
                    kept[name] = usable
            elif name not in seen:
                seen.add(name)
                stack.append((name, True))
                stack.extend((k.source, False) for k in sorted(record.links) if k.source in known)
    return kept


def _config_record(
    record: Record,
    links: Iterable[Link],
    numbers: Mapping[str, int],
    chains: Mapping[str, Chain],
) -> CacheConfigRecord:
    inputs: list[set[tuple[str, int]]] = [set() for _ in range(record.arity)]
    for link in links:
        inputs[link.input].add((link.selector, numbers[link.source]))
    made = [ChainResult(chains[r.id], r.created) for r in record.results if chains.get(r.id)]
    made.sort(key=lambda result: result.created, reverse=True)
    return CacheConfigRecord(
        record.key,
        tuple(made[:1]),  # the newest stands for all, as in BuildKit
        tuple(tuple(sorted(sources, key=lambda pair: pair[1])) for sources in inputs),
    )


def _order(record: Record, known: Mapping[str, Record]) -> tuple[Any, ...]:
    links = sorted(
        (k.input, k.selector, known[k.source].key if k.source in known else "")
        for k in record.links
    )
    return (record.key, record.arity, links, record.id)


def _id(digest: str, links: Iterable[Link]) -> str:
    parts = sorted(f"{link.input}\0{link.selector}\0{link.source}" for link in links)
    if not parts:
        return digest
    return "sha256:" + sha256("\0\0".join((digest, *parts)).encode()).hexdigest()


def _inputs_first(records: Sequence[CacheConfigRecord]) -> list[int]:
    order: list[int] = []
    state: dict[int, bool] = {}  # False while the inputs of a record are being walked
    stack = [(number, False) for number in reversed(range(len(records)))]
    while stack:
        number, walked = stack.pop()
        if walked:
            state[number] = True
            order.append(number)
        elif number not in state:
            state[number] = False
            stack.append((number, True))
            for sources in records[number].inputs:
                for _, source in sources:
                    if state.get(source) is False:
                        raise InvalidCacheConfigError("records refer to each other in a loop")
                    if source not in state:
                        stack.append((source, False))
    return order


def _layer(row: Mapping[str, Any]) -> tuple[Layer, int]:
    annotations = row.get("annotations") or {}
    return Layer(Digest(row["blob"]), tuple(annotations.items())), int(row.get("parent", 0))


def _chains(layers: Sequence[tuple[Layer, int]]) -> list[Chain]:
    """For every layer, it on all its parents."""
    chains: dict[int, Chain] = {}
    for start in range(len(layers)):
        path: list[int] = []
        number = start
        while number != -1 and number not in chains:
            if not 0 <= number < len(layers) or number in path:
                raise InvalidCacheConfigError(f"layer {start} has no end of parents")
            path.append(number)
            number = layers[number][1]
        below = chains[number] if number != -1 else ()
        for number in reversed(path):
            below = chains[number] = (*below, layers[number][0])
    return [chains[number] for number in range(len(layers))]


def _record(row: Mapping[str, Any], chains: Sequence[Chain]) -> CacheConfigRecord:
    results = [
        ChainResult(_at(chains, r["layer"]), _seconds(r.get("createdAt")))
        for r in row.get("layers") or ()
    ]
    for result in row.get("chains") or ():
        chain = tuple(_at(chains, number)[-1] for number in result["layers"])
        results.append(ChainResult(chain, _seconds(result.get("createdAt"))))
    inputs = tuple(
        tuple((str(pair.get("selector", "")), int(pair["link"])) for pair in sources)
        for sources in row.get("inputs") or ()
    )
    return CacheConfigRecord(str(Digest(row["digest"])), tuple(results), inputs)


def _at(chains: Sequence[Chain], number: int) -> Chain:
    if not 0 <= number < len(chains):
        raise InvalidCacheConfigError(f"there is no layer {number}")
    return chains[number]


def _record_row(record: CacheConfigRecord, results: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {name: rows for name, rows in results.items() if rows}
    row["digest"] = record.digest
    if record.inputs:
        row["inputs"] = [
            [{"selector": s, "link": n} if s else {"link": n} for s, n in sources]
            for sources in record.inputs
        ]
    return row


def _by_number(record: CacheConfigRecord, numbers: Mapping[Chain, int]) -> dict[str, Any]:
    """Results by their topmost layer in the document."""
    rows = [{"layer": numbers[r.chain], "createdAt": _time(r.created)} for r in record.results]
    return {"layers": rows}


def _by_place(results: Iterable[ChainResult], layers: Sequence[Digest]) -> dict[str, Any]:
    """Results by the places of their layers in an image."""
    rows: dict[str, Any] = {"layers": [], "chains": []}
    for result in results:
        blobs = [layer.blob for layer in result.chain]
        created = _time(result.created)
        if blobs == list(layers[: len(blobs)]):
            rows["layers"].append({"layer": len(blobs) - 1, "createdAt": created})
        else:
            places = [layers.index(blob) for blob in blobs]
            rows["chains"].append({"layers": places, "createdAt": created})
    return rows


def _seconds(text: str | None) -> float:
    if not text or text.startswith("0001-"):  # Go's zero time
        return 0.0
    return datetime.fromisoformat(text).timestamp()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
