"""Conversions that BuildKit executed: the same ops, digests, names and source map."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from builder.frontend.dockerfile import ConvertOptions, ResolvedImage, convert
from builder.llb import ops, wire
from builder.llb.ops import HostIP, Ulimit
from builder.oci import gojson
from builder.oci import reference as references
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference

DATA = Path(__file__).parents[4] / "fixtures/data"
VECTORS = json.loads((DATA / "llb-vectors.json").read_text())
BASE = VECTORS["base"]
HOST = Platform("linux", "amd64")


class Base:
    """Answers every reference with the vectors' base image."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        self.asked.append((str(reference), log_name))
        return ResolvedImage(reference, Digest(BASE["digest"]), gojson.dumps(BASE["config"]))


def session_of(case: Mapping[str, Any]) -> str:
    for op in case["def"].values():
        session = op.get("source", {}).get("attrs", {}).get("local.session")
        if session:
            return str(session)
    (info,) = case["source"]["infos"]
    op = wire.decode(ops.Op, base64.b64decode(info["definition"]["def"][0]))
    assert isinstance(op.op, ops.SourceOp)
    return op.op.attrs["local.session"]


def options_of(case: Mapping[str, Any]) -> ConvertOptions:
    given: dict[str, str] = case["opts"]
    values: dict[str, Any] = {
        "build_args": {
            k.removeprefix("build-arg:"): v for k, v in given.items() if k.startswith("build-arg:")
        }
    }
    # The subrequest that made the vectors looks at this machine's platform only, whatever
    # ``platform`` says: both platform cases have equal answers.
    if "add-hosts" in given:
        host, _, address = given["add-hosts"].partition("=")
        values["add_hosts"] = (HostIP(host, address),)
    if "ulimit" in given:
        name, _, limits = given["ulimit"].partition("=")
        soft, _, hard = limits.partition(":")
        values["ulimits"] = (Ulimit(name, int(soft), int(hard)),)
    values["shm_size"] = int(given.get("shm-size", 0))
    values["hostname"] = given.get("hostname", "")
    values["no_cache"] = "no-cache" in given
    return ConvertOptions(build_platforms=(HOST,), session=session_of(case), **values)


def without_group_ids(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Progress groups have random ids: numbered by name for comparison."""
    text = json.loads(json.dumps(metadata))
    for entry in text.values():
        if "progress_group" in entry:
            entry["progress_group"]["id"] = entry["progress_group"]["name"]
    return dict(text)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
async def test_the_executed_conversion_is_reproduced(case: Mapping[str, Any]) -> None:
    result = await convert(case["dockerfile"].encode(), "Dockerfile", options_of(case), Base())
    made = result.definition.to_json()
    assert made["def"] == case["def"]
    assert without_group_ids(made["metadata"]) == without_group_ids(case["metadata"])
    assert made["source"]["locations"] == case["source"]["locations"]
    assert made["source"]["infos"] == case["source"]["infos"]


async def test_the_executed_image_config_is_reproduced() -> None:
    executed = json.loads((DATA / "executed-config.json").read_text())
    options = ConvertOptions(build_platforms=(HOST,), epoch=1700000000)
    source = (DATA / "executed.Dockerfile").read_bytes()
    result = await convert(source, "Dockerfile", options, Base())
    assert gojson.dumps(result.config["config"]) == gojson.dumps(executed["config"])
    assert result.config["history"] == executed["history"]
    assert result.config["rootfs"]["diff_ids"] == executed["rootfs"]["diff_ids"][:1]
    assert (result.config["architecture"], result.config["os"]) == ("amd64", "linux")


def test_the_reference_of_the_vectors_is_normalised() -> None:
    assert str(references.parse("busybox")) == BASE["reference"]
