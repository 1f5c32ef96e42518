"""HTTP proxies that refuse, want a login, or are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.checked import check
from tests.fixtures.programs import free_port
from tests.fixtures.speaker import response, speaking

pytestmark = pytest.mark.integration

TARGETS = ["registry.example:5000", "registry.example:5000/team/app:1.0"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_proxy_that_refuses_the_tunnel_is_to_blame(target: str) -> None:
    with speaking(response("403 Forbidden")) as port:
        ran = check(target, environ={"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
    assert ran.serious == {"tcp-connect-failure"}
    finding = ran.findings["tcp-connect-failure"]
    assert "proxy" in finding["title"]
    assert "403" in finding["title"]
    assert finding["breaks"] == ["podman", "regdoctor"]
    assert ran.code == 1
    assert ran.open == set()


@pytest.mark.parametrize("target", TARGETS)
def test_a_proxy_that_is_not_there_is_to_blame(target: str) -> None:
    ran = check(target, environ={"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"})
    assert ran.serious == {"tcp-connect-failure"}
    assert "proxy" in ran.findings["tcp-connect-failure"]["title"]
    ran = check(target, environ={"HTTPS_PROXY": "http://proxy.invalid:3128"})
    assert ran.serious == {"tcp-connect-failure"}
    assert "no such host" in ran.findings["tcp-connect-failure"]["title"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_proxy_that_wants_a_login_has_a_code_of_its_own(target: str, tmp_path: Path) -> None:
    wants = response("407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate")
    saved = tmp_path / "seen.json"
    with speaking(wants) as port:
        proxy = {"HTTPS_PROXY": f"http://user:hunter2@127.0.0.1:{port}"}
        ran = check("-v", "--save", str(saved), target, environ=proxy)
    assert ran.serious == {"proxy-407-authentication-required"}
    assert ran.findings["proxy-407-authentication-required"]["fixes"]
    assert ran.code == 1
    everything = ran.out + ran.err + saved.read_text()
    assert "hunter2" not in everything
    assert "dXNlcjpodW50ZXIy" not in everything  # user:hunter2 in base64
