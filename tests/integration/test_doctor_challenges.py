"""401 and 403 as registries, proxies and attackers write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import BasicAuth, Nexus, Registry, Server, Store, faults
from tests.fixtures.speaker import response, speaking

pytestmark = pytest.mark.integration


def asked(answer: bytes, image: str = "/team/app:1.0") -> Ran:
    with speaking(answer) as port:
        return check(f"127.0.0.1:{port}{image}")


def bearer(realm: str) -> bytes:
    return response(
        "401 Unauthorized", f'WWW-Authenticate: Bearer realm="{realm}",service="registry"'
    )


@pytest.mark.parametrize(
    ("realm", "words"),
    [
        ("http://169.254.169.254/latest/", "metadata"),
        ("file:///etc/passwd", "no http or https URL"),
        ("", "no http or https URL"),
        ("//host/token", "no http or https URL"),
        ("http://[::1/token", "no http or https URL"),
        ("http://one.example,two.example/token", "names two hosts"),
        ("http://one.example:80:5000/token", "names two ports"),
    ],
)
def test_a_realm_that_is_no_token_server_is_the_one_fault(realm: str, words: str) -> None:
    ran = asked(bearer(realm))
    assert ran.serious == {"token-realm-wrong-port-or-host"}
    assert words in ran.findings["token-realm-wrong-port-or-host"]["title"]
    assert ran.code == 1


def test_a_password_in_a_realm_is_never_shown(tmp_path: Path) -> None:
    saved = tmp_path / "seen.json"
    with speaking(bearer("https://user:hunter2@127.0.0.1:1/token?key=topsecret")) as port:
        target = f"127.0.0.1:{port}/team/app:1.0"
        ran = check("-v", "--save", str(saved), target)
        text = check("--format", "text", target).out
    assert ran.serious == {"token-realm-wrong-port-or-host"}
    everything = ran.out + ran.err + saved.read_text() + text
    assert "hunter2" not in everything
    assert "topsecret" not in everything


@pytest.mark.parametrize("fields", [(), ("WWW-Authenticate: Negotiate",)])
@pytest.mark.parametrize("image", ["", "/team/app:1.0"])
def test_a_challenge_that_no_client_can_answer_is_said(image: str, fields: tuple[str, ...]) -> None:
    ran = asked(response("401 Unauthorized", *fields), image)
    assert ran.serious == {"registry-unexpected-answer"}
    title = ran.findings["registry-unexpected-answer"]["title"]
    assert ("negotiate" if fields else "without a challenge") in title
    assert ran.code == 1


def test_a_refusal_at_the_door_is_no_clean_registry() -> None:
    page = response("403 Forbidden", "Content-Type: text/html", body=b"<html>blocked</html>")
    ran = asked(page, "")
    assert ran.serious == {"registry-unexpected-answer"}
    assert "403" in ran.findings["registry-unexpected-answer"]["title"]
    assert asked(page).serious == {"registry-unexpected-answer"}


def test_403_of_the_image_alone_is_about_the_image() -> None:
    errors = json.dumps({"errors": [{"code": "DENIED"}]}).encode()
    ran = asked(response("403 Forbidden", "Content-Type: application/json", body=errors))
    assert ran.serious == {"pull-access-denied-or-not-found"}


def test_403_at_the_door_and_the_image_served_breaks_podman_alone() -> None:
    store = Store()
    store.add_image("team/app", "1.0")

    tamper = faults.status(lambda request: request.path == "/v2/", 403)
    with Server(Registry(store, tamper=(tamper,))) as server:
        image = f"{server.authority}/team/app:1.0"
        ran = check(image)
        assert ran.serious == set()
        assert ran.findings["registry-unexpected-answer"]["breaks"] == ["podman"]
        assert check("--as", "podman", image).code == 1


def test_a_wrong_basic_password_is_told_of_once(tmp_path: Path) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    with Server(Registry(store, auth=BasicAuth({"user": "right"}))) as server:
        ran = check(
            *("-u", "user", "--password-stdin", f"{server.authority}/team/app:1.0"), stdin="wrong\n"
        )
    assert ran.serious == {"credentials-rejected"}
    assert ran.code == 1


def test_an_old_nexus_that_wants_a_login_is_told_before_the_login() -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    users = {"user": "password"}
    for version, expected in (
        ("3.14.0-04", {"nexus-bearer-token-realm-missing", "nexus-lt-3.15-head-404"}),
        ("3.15.0-01", {"nexus-bearer-token-realm-missing"}),
    ):
        nexus = Nexus(Registry(store), version, users=users, anonymous=False)
        with Server(nexus) as server:
            ran = check(f"{server.authority}/team/app:1.0")
        assert ran.serious == expected
        assert ran.report["findings"][0]["code"] == "nexus-bearer-token-realm-missing"
