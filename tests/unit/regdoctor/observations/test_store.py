"""Observations are kept by key, saved, loaded and judged again."""

from __future__ import annotations

import json
from dataclasses import is_dataclass

import pytest

from regdoctor.model.codec import CodecError
from regdoctor.observations.http import Ping
from regdoctor.observations.network import Resolution
from regdoctor.observations.store import KINDS, Failure, Observations
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import HTTPS, VALID, answer, chain_seen, found, host_files


def test_a_saved_run_is_judged_as_the_live_one() -> None:
    root = CertificateAuthority(validity=VALID)
    files = host_files({"/etc/docker/certs.d/registry.example:5000/ca.crt": root.pem})
    seen = chain_seen(root.issue("registry.example", validity=VALID), files=files)
    seen.add(HTTPS, Failure("PlainAnswer", "plain-http", "no result"))
    again = Observations.from_json(json.loads(json.dumps(seen.to_json())))
    assert again.to_json() == seen.to_json()
    assert found(again) == found(seen)


def test_a_later_observation_replaces_the_former_of_its_key() -> None:
    seen = Observations()
    seen.add(HTTPS, Resolution("a", fault="timeout"))
    seen.add(HTTPS, Resolution("a", ("192.0.2.1",)))
    found_one = seen.get(Resolution, HTTPS)
    assert found_one is not None
    assert not found_one.fault


def test_names_keep_observations_of_one_kind_apart() -> None:
    seen = Observations()
    seen.add(HTTPS, Ping(answer()), name="one")
    seen.add(HTTPS, Ping(answer()), name="two")
    assert [name for name, _ in seen.named(Ping, HTTPS)] == ["one", "two"]
    assert seen.get(Ping, HTTPS) is None
    assert seen.has(Ping, HTTPS)


def test_every_kind_is_a_dataclass_and_named_once() -> None:
    assert all(is_dataclass(kind) for kind in KINDS)
    assert len({kind.__name__ for kind in KINDS}) == len(KINDS)


def test_what_is_no_observation_is_refused() -> None:
    with pytest.raises(TypeError):
        Observations().add(HTTPS, "text")


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"schema": 2, "observations": []},
        {"schema": 1, "observations": [{"kind": "Nothing"}]},
        {"schema": 1, "observations": [{"kind": "Resolution", "value": {}}]},
        {"schema": 1, "observations": ["x"]},
    ],
)
def test_a_file_of_another_kind_is_refused(data: object) -> None:
    with pytest.raises(CodecError):
        Observations.from_json(data)
