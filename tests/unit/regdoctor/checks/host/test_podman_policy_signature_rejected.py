"""podman-policy-signature-rejected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import (
    API,
    HTTP,
    WRITTEN,
    answer,
    found,
    host_files,
    manifest_answer,
    manifest_seen,
    registry_seen,
)

CODE = "podman-policy-signature-rejected"
ACCEPT = [{"type": "insecureAcceptAnything"}]
REJECT = [{"type": "reject"}]
SIGNED = [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}]


def policy(
    default: Any, docker: dict[str, Any] | None = None, *, image: bool = True
) -> Observations:
    seen = registry_seen(HTTP, ping=answer("GET", "/v2/", 200, API, endpoint=HTTP))
    if image:
        manifest = manifest_answer("HEAD", 200, endpoint=HTTP)
        manifest_seen(manifest, None, endpoint=HTTP, seen=seen)
    document = {"default": default, "transports": {"docker": docker or {}}}
    seen.add(HOST, host_files({"/etc/containers/policy.json": json.dumps(document).encode()}))
    seen.add(HOST, AskedClients(("podman",)))
    return seen


@pytest.mark.parametrize(
    ("default", "docker"),
    [
        (REJECT, {}),
        (ACCEPT, {"": REJECT}),
        (ACCEPT, {WRITTEN: REJECT}),
        (ACCEPT, {f"{WRITTEN}/team": REJECT, WRITTEN: ACCEPT}),
        (REJECT, {"other.example": ACCEPT}),
    ],
)
def test_fires_where_the_narrowest_rule_rejects(default: Any, docker: dict[str, Any]) -> None:
    finding = found(policy(default, docker))[CODE]
    assert finding.subject == f"{WRITTEN}/team/app:1.0"
    assert "/etc/containers/policy.json" in finding.title
    assert finding.fixes[1].disposition == "unsafe"


def test_fires_for_a_registry_of_which_no_repository_is_let_in() -> None:
    assert found(policy(REJECT, image=False))[CODE].subject == WRITTEN


@pytest.mark.parametrize(
    ("default", "docker"),
    [
        (ACCEPT, {}),
        (REJECT, {WRITTEN: ACCEPT}),
        (REJECT, {f"{WRITTEN}/team/app:1.0": ACCEPT}),
        (SIGNED, {}),
        (ACCEPT, {WRITTEN: SIGNED}),
        ("nonsense", {}),
    ],
)
def test_quiet_where_the_image_is_let_in_or_has_to_be_signed(
    default: Any, docker: dict[str, Any]
) -> None:
    assert CODE not in found(policy(default, docker))


def test_quiet_for_a_registry_of_which_some_repository_is_let_in() -> None:
    assert CODE not in found(policy(REJECT, {f"{WRITTEN}/team": ACCEPT}, image=False))


def test_quiet_where_podman_was_not_asked_for() -> None:
    seen = policy(REJECT)
    seen.add(HOST, AskedClients(("docker",)))
    assert CODE not in found(seen)
