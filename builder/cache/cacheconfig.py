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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from builder.errors import BuilderError
from builder.oci import gojson
from builder.oci.digest import Digest
from builder.solver.cachestore import Link, Record, StoredResult

MEDIA_TYPE = "application/vnd.buildkit.cacheconfig.v0"


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


@dataclass(frozen=True, slots=True)
class CacheConfigRecord:
    """A record; ``inputs`` holds, per input, (selector, number of the record) pairs."""

    digest: str
    results: tuple[ChainResult, ...] = ()
    inputs: tuple[tuple[tuple[str, int], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class CacheConfig:
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
        except (ValueError, TypeError, KeyError, AttributeError, BuilderError) as error:
            raise InvalidCacheConfigError(f"invalid cache configuration: {error}") from error
        for record in records:
            for sources in record.inputs:
                if not sources or not all(0 <= n < len(records) for _, n in sources):
                    raise InvalidCacheConfigError("a record has an input that leads nowhere")
        return cls(records)

    def dumps(self) -> bytes:
        """The document as BuildKit orders it: equal caches are equal bytes."""
        numbers: dict[Chain, int] = {}
        used = {r.chain for record in self.records for r in record.results}
        prefixes = {chain[:n] for chain in used for n in range(1, len(chain) + 1)}
        for chain in sorted(prefixes, key=lambda c: [str(layer.blob) for layer in reversed(c)]):
            numbers[chain] = len(numbers)
        layers = []
        for chain in numbers:
            parent = numbers[chain[:-1]] if len(chain) > 1 else -1
            row: dict[str, Any] = {"blob": str(chain[-1].blob)}
            if parent:
                row["parent"] = parent
            if chain[-1].annotations:
                row["annotations"] = dict(chain[-1].annotations)
            layers.append(row)
        rows = [_record_row(record, numbers) for record in self.records]
        return gojson.dumps({k: v for k, v in (("layers", layers), ("records", rows)) if v})


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
    """What of ``records`` leads to a result that has layers (``chains``: by result id)."""
    known = {record.id: record for record in records if record.persistent}
    stack = [r.id for r in known.values() if any(s.id in chains for s in r.results)]
    alive: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in alive and name in known:
            alive.add(name)
            stack.extend(link.source for link in known[name].links)
    order = sorted((known[name] for name in alive), key=lambda r: _order(r, known))
    numbers = {record.id: number for number, record in enumerate(order)}
    return CacheConfig(tuple(_config_record(record, numbers, chains) for record in order))


def _config_record(
    record: Record, numbers: Mapping[str, int], chains: Mapping[str, Chain]
) -> CacheConfigRecord:
    inputs: list[set[tuple[str, int]]] = [set() for _ in range(record.arity)]
    for link in record.links:
        if link.source in numbers:
            inputs[link.input].add((link.selector, numbers[link.source]))
    newest: dict[Chain, float] = {}
    for result in record.results:
        if chain := chains.get(result.id):
            newest[chain] = max(newest.get(chain, 0.0), result.created)
    return CacheConfigRecord(
        record.key,
        tuple(ChainResult(chain, created) for chain, created in newest.items()),
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


def _record_row(record: CacheConfigRecord, numbers: Mapping[Chain, int]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if record.results:
        row["layers"] = [
            {"layer": numbers[r.chain], "createdAt": _time(r.created)} for r in record.results
        ]
    row["digest"] = record.digest
    if record.inputs:
        row["inputs"] = [
            [{"selector": s, "link": n} if s else {"link": n} for s, n in sources]
            for sources in record.inputs
        ]
    return row


def _seconds(text: str | None) -> float:
    if not text or text.startswith("0001-"):  # Go's zero time
        return 0.0
    return datetime.fromisoformat(text).timestamp()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
