"""Which rule of policy.json holds for an image."""

from __future__ import annotations

import json

import pytest

from regdoctor.clients.signatures import SYSTEM, policy
from regdoctor.observations.host import FileSeen, HostFiles
from tests.fixtures.scenes import host_files

SCOPES = (
    "",
    "*.example",
    "r.example:5000",
    "r.example:5000/team",
    "r.example:5000/team/app",
    "r.example:5000/team/app:1.0",
)


def written(scopes: tuple[str, ...]) -> HostFiles:
    rules = {scope: [{"type": "reject"}] for scope in scopes}
    document = {"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": rules}}
    return host_files({SYSTEM: json.dumps(document).encode()})


@pytest.mark.parametrize(
    ("image", "holds"),
    [
        ("r.example:5000/team/app:1.0", "docker: r.example:5000/team/app:1.0"),
        ("r.example:5000/team/app:2.0", "docker: r.example:5000/team/app"),
        ("r.example:5000/team/app@sha256:ab", "docker: r.example:5000/team/app"),
        ("r.example:5000/team/other:1", "docker: r.example:5000/team"),
        ("r.example:5000/other:1", "docker: r.example:5000"),
        ("a.b.example/x:1", "docker: *.example"),
        ("elsewhere.test/x:1", "the transport docker"),
        ("r.example:5000", "docker: r.example:5000"),
    ],
)
def test_the_narrowest_scope_holds(image: str, holds: str) -> None:
    found = policy(written(SCOPES))
    assert found is not None
    rule = found.rule(image)
    assert rule is not None
    assert rule.scope == holds


def test_the_default_holds_where_nothing_else_does() -> None:
    found = policy(written(()))
    assert found is not None
    rule = found.rule("r.example/x:1")
    assert rule is not None
    assert (rule.scope, rule.rejects) == ("the default", False)


def test_the_users_own_file_is_read_instead_of_the_systems() -> None:
    system = written(("",))
    own = "/home/ann/.config/containers/policy.json"
    files = HostFiles(
        {**system.files, own: FileSeen(b'{"default": [{"type": "insecureAcceptAnything"}]}')},
        system.directories,
        "/home/ann",
    )
    found = policy(files)
    assert found is not None
    assert (found.path, found.scopes) == (own, {})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"transports": {"docker": []}}'])
def test_nonsense_rejects_nothing(content: bytes) -> None:
    found = policy(host_files({SYSTEM: content}))
    rule = found.rule("r.example/x:1") if found else None
    assert rule is None
