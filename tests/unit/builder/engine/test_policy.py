"""Source policies decide as BuildKit's engine does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.engine.policy import (
    PolicyError,
    Source,
    SourceDenied,
    SourcePolicy,
    read_policies,
)
from builder.llb import ops as llb
from builder.llb import wire
from builder.llb.definition import Definition, OpMetadata
from builder.oci.digest import Digest

ALPINE = "docker-image://docker.io/library/alpine:3.20"


def policy(tmp_path: Path, *files: list[dict[str, Any]]) -> SourcePolicy:
    paths = []
    for number, rules in enumerate(files):
        path = tmp_path / f"policy-{number}.json"
        path.write_text(json.dumps({"version": 1, "rules": rules}))
        paths.append(path)
    return read_policies(paths)


def rule(action: object, identifier: str, update: str = "", **more: Any) -> dict[str, Any]:
    updates = {"updates": {"identifier": update, **more.pop("updates", {})}}
    selector = {"identifier": identifier, **more}
    return {"action": action, "selector": selector, **(updates if action in ("CONVERT", 2) else {})}


@pytest.mark.parametrize(
    ("rules", "denied"),
    [
        ([rule("DENY", "docker-image://*")], True),
        ([rule(1, "docker-image://*", matchType=0)], True),
        ([rule("DENY", "docker-image://*"), rule("ALLOW", f"{ALPINE}")], False),
        ([rule("ALLOW", ALPINE), rule("DENY", "docker-image://*")], True),
        ([rule("DENY", "docker-image://*", matchType="EXACT")], False),
        ([rule("DENY", ALPINE, matchType="EXACT")], True),
        ([rule("DENY", r"alpine:3\.\d+$", matchType="REGEX")], True),
        ([rule("DENY", r"^alpine", matchType="REGEX")], False),
        ([rule("DENY", "docker-image://docker.io/library/alpine")], False),
        ([rule("DENY", "*", constraints=[{"key": "a", "value": "1"}])], False),
        ([rule("DENY", "*", constraints=[{"key": "a", "value": "1", "condition": 1}])], True),
        (
            [rule("DENY", "*", constraints=[{"key": "a", "value": "^2$", "condition": "MATCHES"}])],
            True,
        ),
    ],
)
def test_the_last_rule_that_fits_decides(
    tmp_path: Path, rules: list[dict[str, Any]], denied: bool
) -> None:
    decided = policy(tmp_path, rules)
    source = Source(ALPINE, {"a": "2"})
    if not denied:
        assert decided.evaluate(source) == source
        return
    with pytest.raises(SourceDenied) as caught:
        decided.evaluate(source)
    assert str(caught.value) == f'source "{ALPINE}" denied by policy: source denied by policy'


@pytest.mark.parametrize(
    ("rules", "used"),
    [
        (
            [rule("CONVERT", "docker-image://docker.io/*:*", "docker-image://m/${1}:$2")],
            "m/library/alpine:3.20",
        ),
        ([rule("CONVERT", ALPINE, "docker-image://m/a:1", matchType="EXACT")], "m/a:1"),
        ([rule("CONVERT", r"library/(\w+)", "m/$1", matchType="REGEX")], "docker.io/m/alpine:3.20"),
        (
            [
                rule("CONVERT", ALPINE, "docker-image://one/a:1"),
                rule("CONVERT", "docker-image://one/*", "docker-image://two/$1"),
            ],
            "two/a:1",
        ),
        ([rule("CONVERT", ALPINE)], "docker.io/library/alpine:3.20"),
    ],
)  # fmt: skip
def test_a_conversion_takes_another_source(
    tmp_path: Path, rules: list[dict[str, Any]], used: str
) -> None:
    found = policy(tmp_path, rules).evaluate(Source(ALPINE))
    assert found.identifier == f"docker-image://{used}"


def test_what_was_converted_is_judged_again_by_every_file(tmp_path: Path) -> None:
    decided = policy(
        tmp_path,
        [rule("DENY", "docker-image://bad/*")],
        [rule("CONVERT", ALPINE, "docker-image://bad/a:1")],
    )
    with pytest.raises(SourceDenied, match="bad/a:1"):
        decided.evaluate(Source(ALPINE))


def test_attributes_are_set_and_a_circle_ends(tmp_path: Path) -> None:
    set_ = rule("CONVERT", "https://x/y", updates={"attrs": {"http.checksum": "sha256:0"}})
    found = policy(tmp_path, [set_]).evaluate(Source("https://x/y"))
    assert found == Source("https://x/y", {"http.checksum": "sha256:0"})
    circle = [rule("CONVERT", "a://x", "a://y"), rule("CONVERT", "a://y", "a://x")]
    with pytest.raises(PolicyError, match="without an end"):
        policy(tmp_path, circle).evaluate(Source("a://x"))


def test_a_definition_is_converted_with_all_that_rests_on_it(tmp_path: Path) -> None:
    base = wire.encode(llb.Op(op=llb.SourceOp(ALPINE)))
    step = wire.encode(
        llb.Op(inputs=(llb.Input(Digest.of(base), 0),), op=llb.MergeOp((llb.MergeInput(0),)))
    )
    last = wire.encode(llb.Op(inputs=(llb.Input(Digest.of(step), 0),)))
    metadata = {str(Digest.of(step)): OpMetadata(description={"llb.customname": "x"})}
    decided = policy(tmp_path, [rule("CONVERT", ALPINE, "docker-image://m/a:1")])
    fresh = decided.apply(Definition((base, step, last), metadata))
    ops = [wire.decode(llb.Op, data) for data in fresh.def_]
    assert isinstance(ops[0].op, llb.SourceOp)
    assert ops[0].op.identifier == "docker-image://m/a:1"
    assert [op.inputs[0].digest for op in ops[1:]] == [Digest.of(d) for d in fresh.def_[:2]]
    assert list(fresh.metadata) == [str(Digest.of(fresh.def_[1]))]
    assert SourcePolicy().apply(fresh) is fresh


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "is not JSON"),
        ("[]", "source policy"),
        ('{"rules":[{"action":"BURN"}]}', "unknown action 'BURN'"),
        ('{"rules":[{"action":"CONVERT","selector":{"identifier":"a"}}]}', "missing destination"),
        ('{"rules":[{"selector":{"identifier":"a**"}}]}', "invalid wildcard"),
        ('{"rules":[{"selector":{"identifier":"(","matchType":"REGEX"}}]}', "source policy"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_before_the_build(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(PolicyError, match=why):
        read_policies([path])
    with pytest.raises(PolicyError, match="no such file"):
        read_policies([tmp_path / "missing.json"])
    with pytest.raises(PolicyError, match="Rego"):
        read_policies([tmp_path / "x.rego"])
