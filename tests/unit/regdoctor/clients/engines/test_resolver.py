"""How containerd's resolver walks its hosts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.replay.scene import HUB, MIRROR, contacted, served

CERTS = "/etc/containerd/certs.d"
CTR = f"ctr images pull --hosts-dir {CERTS} X"
FILES = {f"{CERTS}/docker.io/hosts.toml": '[host."https://mirror.example:5000"]\n'}
MIRRORED = "https://mirror.example:5000/v2/library/alpine?ns=docker.io yes"
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
DIGEST = "sha256:" + "0" * 64


def walked(
    mirror: dict[str, Any], *more: dict[str, Any], hub: dict[str, Any] = HUB, **case: Any
) -> list[str]:
    case.setdefault("command", CTR)
    return contacted("ctr", "1.7.24", FILES, servers=(hub, mirror, *more), **case)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"status": 404},
        {"status": 429},
        {"status": 500},
        {"manifest": 404},
        {"head": "404"},
        {"head": "401"},
        {"blob": 404},
        {"auth": "basic", "users": ["u:p"]},
        {"auth": {"bearer": "https://auth.example/token"}},
    ],
)
def test_the_next_host_is_asked_after_a_failure(behaviour: dict[str, Any]) -> None:
    assert walked({**MIRROR, **behaviour}) == [MIRRORED, UPSTREAM]


@pytest.mark.parametrize("behaviour", [{}, {"head": "405"}, {"head": "nodigest"}, {"ping": 500}])
def test_one_host_is_enough(behaviour: dict[str, Any]) -> None:
    assert walked({**MIRROR, **behaviour}) == [MIRRORED]


def test_a_reset_and_a_bad_certificate() -> None:
    assert walked({**MIRROR, "reset": True}) == ["tcp://10.77.0.20:5000", UPSTREAM]
    assert walked(served("mirror.example:5000", "wrongname")) == [
        "https://mirror.example:5000 no",
        UPSTREAM,
    ]


def test_a_mirror_that_resolved_nothing_is_asked_for_the_rest() -> None:
    """Upstream answers for the tag alone; manifest and blobs come from the mirror."""
    gone = {**HUB, "blob": 404}
    assert walked({**MIRROR, "head": "404"}, hub=gone) == [MIRRORED, UPSTREAM]


def test_a_digest_is_looked_for_among_the_blobs_as_well() -> None:
    lines = walked({**MIRROR, "head": "404"}, reference=f"docker.io/library/alpine@{DIGEST}")
    assert lines == [MIRRORED, UPSTREAM]


def test_a_password_is_posted_and_sent_by_get_where_that_is_refused() -> None:
    asking = {**MIRROR, "auth": {"bearer": "https://auth.example/token"}}
    for token in ({}, {"nopost": True}):
        realm = served("auth.example:443", "auth-pub", token=token, users=["u:p"])
        command = f"{CTR} --user u:p"
        assert walked(asking, realm, command=command) == [MIRRORED, "https://auth.example yes"]
        refused = f"{CTR} --user u:wrong"
        assert walked(asking, realm, command=refused) == [
            MIRRORED,
            "https://auth.example yes",
            UPSTREAM,
        ]


def test_a_password_is_not_sent_to_who_did_not_ask() -> None:
    strict = {**MIRROR, "store": "strict"}
    assert walked(strict, command=f"{CTR} --user u:p") == [MIRRORED]
