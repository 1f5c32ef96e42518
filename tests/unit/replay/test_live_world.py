"""The certificates and the image of a world for real clients fit those of the executed cases."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.live import image
from tests.live.pki import LEAVES, pki, tls
from tests.replay.world import signed, verified

CASES = Path(__file__).parents[2] / "fixtures" / "data" / "client-cases.json"


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(CASES.read_text(encoding="utf-8"))
    return data


def test_every_name_of_the_executed_cases_is_there(cases: dict[str, Any]) -> None:
    assert set(cases["pki"]) <= set(pki())


def test_every_server_has_the_names_and_the_issuer_that_it_had(cases: dict[str, Any]) -> None:
    served = [server["tls"] for case in cases["cases"] for server in case["servers"]]
    assert [each for each in served if each and each != tls(each["leaf"])] == []


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_is_good_for_its_names_under_its_authority_only(leaf: str) -> None:
    made, (issuer, names) = pki(), LEAVES[leaf]
    authority, another = made[issuer].encode(), made["ca-other"].encode()
    plain = [name for name in names if not name.startswith("*")]
    assert all(verified(made[leaf], (authority,), name) for name in plain)
    assert not verified(made[leaf], (another,), plain[0])
    assert not verified(made[leaf], (authority,), "stranger.example")


def test_client_pairs_are_of_the_clients_authority() -> None:
    made = pki()
    assert signed(made["client-a"].encode(), made["ca-client"].encode())
    assert not signed(made["client-a"].encode(), made["ca-reg"].encode())


def test_the_manifest_names_what_the_image_has() -> None:
    manifest, config = json.loads(image.MANIFEST), json.loads(image.CONFIG)
    named = [manifest["config"], *manifest["layers"]]
    assert {each["digest"]: each["size"] for each in named} == {
        key: len(content) for key, content in image.BLOBS.items() if key != image.DIGEST
    }
    assert config["rootfs"]["diff_ids"] == [image.digest(gzip.decompress(image.LAYER))]
