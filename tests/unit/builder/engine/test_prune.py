"""Which records a prune takes: BuildKit's rules on records that are only thought of."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from builder.engine.prune import Filter, PruneError, Rule, default_rules, parse_filters, plan
from builder.engine.usage import CACHE_MOUNT, INTERNAL, REGULAR, UsageRecord

NOW = 1_000_000.0
GB = 10**9


def record(id: str, size: int = 10, age: float = 0.0, **more: object) -> UsageRecord:
    made = UsageRecord(id, REGULAR, size, NOW - age, NOW - age)
    return replace(made, **more)  # type: ignore[arg-type]


BASE = record("base", age=50)
STEP = record("step", age=40, parents=("base",))
MOUNT = record("mount", age=30, type=CACHE_MOUNT, mutable=True)
IMAGE = record("image", age=60, shared=True)
ALL = (BASE, STEP, MOUNT, IMAGE)


def ids(rule: Rule, records: tuple[UsageRecord, ...] = ALL, free: int = 0) -> list[str]:
    return [each.id for each in plan(records, rule, free, NOW)]


def test_without_limits_all_goes_but_what_images_share() -> None:
    assert ids(Rule()) == ["step", "mount", "base"]
    assert ids(Rule(everything=True)) == ["image", "step", "mount", "base"]


def test_what_others_lie_on_goes_after_them_or_not_at_all() -> None:
    assert ids(Rule(parse_filters("id==base"))) == []
    used = (BASE, replace(STEP, in_use=True))
    assert ids(Rule(), used) == []


def test_the_longest_unused_goes_first_until_enough_is_free() -> None:
    records = tuple(record(str(n), age=float(n)) for n in range(5))
    assert ids(Rule(max_used=21), records) == ["4", "3", "2"]
    assert ids(Rule(max_used=51), records) == []


def test_the_reserve_is_never_touched() -> None:
    records = tuple(record(str(n), age=float(n)) for n in range(5))
    assert ids(Rule(max_used=1, reserved=31), records) == ["4", "3"]


@pytest.mark.parametrize(("free", "gone"), [(100, []), (80, ["4", "3"]), (99, ["4"])])
def test_so_much_of_the_disk_is_made_free(free: int, gone: list[str]) -> None:
    records = tuple(record(str(n), age=float(n)) for n in range(5))
    assert ids(Rule(min_free=100), records, free) == gone


def test_what_was_used_lately_stays() -> None:
    assert ids(Rule(unused_for=35)) == ["step", "base"]


def test_internal_records_go_with_all_only() -> None:
    records = (record("x", type=INTERNAL),)
    assert ids(Rule(), records) == []
    assert ids(Rule(everything=True), records) == ["x"]


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("type==exec.cachemount", ["mount"]),
        ("type=exec.cachemount", ["mount"]),
        ("mutable", ["mount"]),
        ("immutable,parents==base", ["step"]),
        ("parent=base", ["step"]),
        ("id~=^st", ["step"]),
        ("type!=regular", ["mount"]),
        ("shared", []),
    ],
)
def test_filters_are_those_of_buildkit(text: str, gone: list[str]) -> None:
    assert ids(Rule(parse_filters(text))) == gone


@pytest.mark.parametrize("text", ["", "colour==red", "id~=(", "type>regular"])
def test_a_filter_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PruneError, match="invalid filter"):
        parse_filters(text)


def test_a_quoted_value_is_the_value() -> None:
    assert parse_filters('type=="regular"') == (Filter("type", "==", "regular"),)


def test_the_default_keeps_a_share_of_the_disk() -> None:
    *_, limits, last = default_rules(1000 * (1 << 30))
    assert (limits.reserved, limits.max_used, limits.min_free) == (10 * GB, 100 * GB, 201 * GB)
    assert last.everything
    small = default_rules(10 * (1 << 30))[-1]
    assert (small.reserved, small.max_used, small.min_free) == (2 * GB, 9 * GB, 3 * GB)
