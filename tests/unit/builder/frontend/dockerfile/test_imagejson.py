"""Configs of base images: what Go's struct would hold, and what it would refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.image import ImageConfig
from builder.frontend.dockerfile.imagejson import read_image_json


def read(document: Any) -> dict[str, Any]:
    return read_image_json(json.dumps(document).encode())


def test_keys_are_found_in_any_case_and_unknown_ones_left() -> None:
    document = {"OS": "linux", "config": {"env": ["A=b"], "Memory": 5, "labels": {"a": None}}}
    assert read(document) == {"os": "linux", "config": {"Env": ["A=b"], "Labels": {"a": ""}}}


def test_null_is_as_good_as_nothing() -> None:
    assert read({"author": None, "config": {"Cmd": None}, "history": None}) == {"config": {}}
    assert read(None) == {}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
        ("2020-01-02T03:04:05.120Z", "2020-01-02T03:04:05.12Z"),
        ("2020-01-02T03:04:05.000+00:00", "2020-01-02T03:04:05Z"),
        ("2020-01-02T03:04:05.1234567891-07:00", "2020-01-02T03:04:05.123456789-07:00"),
    ],
)
def test_times_come_in_one_spelling(text: str, shown: str) -> None:
    assert read({"created": text}) == {"created": shown}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"os": 5}, "json: cannot unmarshal number into Go struct field DockerOCIImage.os of type"),
        ({"config": {"Env": "x"}}, "string into Go struct field DockerOCIImage.config.Env of type"),
        ({"config": {"Env": [1]}}, "number into DockerOCIImage.config.Env.0 of type string"),
        ({"config": {"Volumes": []}}, "of type map[string]struct {}"),
        ({"config": {"Healthcheck": {"Test": 1}}}, "config.Healthcheck.Test of type []string"),
        (
            {"history": {}},
            "object into Go struct field DockerOCIImage.history of type []v1.History",
        ),
        ({"created": "soon"}, 'cannot parse "soon" as "2006"'),
        ({"created": "2020-01-02"}, 'cannot parse "" as "T"'),
        ({"created": "2020-01-02T03:04:05Zx"}, 'extra text: "x"'),
        ([], "array into Go value of type v1.DockerOCIImage"),
    ],
)
def test_what_has_the_wrong_type_is_refused_in_gos_words(document: Any, message: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        read(document)
    assert str(caught.value).startswith("failed to parse image config: ")
    assert message in str(caught.value)


def test_a_base_keeps_its_time_and_what_is_built_on_it_does_not() -> None:
    config = ImageConfig.decode(
        b'{"created": "2020-01-02T03:04:05.0Z", "rootfs": {"type": "layers"}}'
    )
    assert config.to_json()["created"] == "2020-01-02T03:04:05Z"
    assert config.to_json()["rootfs"] == {"type": "layers", "diff_ids": None}
    assert "created" not in config.clone().to_json()


def test_triggers_stay_behind_unless_they_are_asked_for() -> None:
    config = ImageConfig.decode(b'{"config": {"OnBuild": ["RUN x"]}}')
    assert "OnBuild" not in config.clone().config
    assert config.clone(triggers=True).words("OnBuild") == ["RUN x"]
