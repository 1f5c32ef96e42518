"""Every known quirk of a product has a finding that tells it, or a reason why none does."""

from __future__ import annotations

import json
from pathlib import Path

from regdoctor.checks.products.quirks import QUIRKS, known_for
from regdoctor.checks.table import CHECKS
from regdoctor.render.index import PRODUCT_NAMES
from tests.fixtures.scenes import answer, found, manifest_answer, manifest_seen, registry_seen
from tests.fixtures.scenes.images import OCI, head

DATA = Path(__file__).parents[4] / "fixtures" / "data"
KNOWN = json.loads((DATA / "quirks.json").read_text(encoding="utf-8"))["quirks"]
PRINTED = json.loads((DATA / "printed.json").read_text(encoding="utf-8"))
HARBOR = 'Bearer realm="https://registry.example/service/token",service="harbor-registry"'


def test_no_quirk_is_left_out_and_none_is_there_twice() -> None:
    assert sorted(each.id for each in QUIRKS) == sorted(KNOWN)


def test_each_has_a_code_or_a_reason_and_never_both() -> None:
    assert [each.id for each in QUIRKS if bool(each.code) == bool(each.why)] == []


def test_the_codes_are_codes_of_findings() -> None:
    """Those that exist, and those of the catalogue of what people met."""
    codes = {check.code for check in CHECKS} | set(PRINTED)
    assert {each.code for each in QUIRKS if each.code} <= codes


def test_the_products_are_those_of_the_index() -> None:
    assert {each.product for each in QUIRKS} <= set(PRODUCT_NAMES)


def test_a_finding_says_in_which_versions_its_product_is_known_for_it() -> None:
    ping = answer("GET", "/v2/", 401, ("WWW-Authenticate", HARBOR))
    got = manifest_answer("GET", 200, ("Content-Length", "100"), kind=OCI)
    seen = manifest_seen(head(kind=""), got, seen=registry_seen(ping=ping))
    finding = found(seen)["head-manifest-without-content-length-or-type"]
    facts = [each.fact for each in finding.evidence]
    assert "Harbor is known for this (versions: 2.1.0-2.1.2 (proxy cache))" in facts
    assert any(fact.startswith("the registry is Harbor") for fact in facts)


def test_nothing_is_known_of_what_no_finding_tells() -> None:
    assert list(known_for("distribution", "spec-tags-list")) == []
    assert list(known_for("kraken", "image-not-found")) == []
    assert [each.id for each in known_for("nginx", "spec-manifest-compressed")] == ["nginx-gzip"]
