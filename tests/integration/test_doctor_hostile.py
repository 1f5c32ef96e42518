"""Servers that drip, loop, explode or never answer: bounded in time, and never called healthy."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.checked import REPOSITORY, check, run
from tests.fixtures.speaker import head, response, speaking

pytestmark = pytest.mark.integration

MANIFEST = "Content-Type: application/vnd.oci.image.manifest.v1+json"
SHORT = ("--timeout", "1")


def drip(client: socket.socket) -> None:
    """A head, and then a byte now and again, in time for every read."""
    head(client)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            client.sendall(b"{")
            time.sleep(0.2)


@pytest.mark.parametrize("image", ["", "/team/app:1.0"])
def test_an_answer_that_drips_is_given_up_and_said(image: str) -> None:
    with speaking(drip) as port:
        began = time.monotonic()
        ran = check(*SHORT, f"127.0.0.1:{port}{image}")
        took = time.monotonic() - began
    assert ran.serious == {"registry-unexpected-answer"}
    assert "in time" in ran.findings["registry-unexpected-answer"]["title"]
    assert ran.code == 1
    assert took < 20


@pytest.mark.parametrize("image", ["", "/team/app:1.0"])
def test_redirects_in_a_circle_are_no_registry(image: str) -> None:
    with speaking(response("302 Found", "Location: /v2/")) as port:
        ran = check(*SHORT, f"127.0.0.1:{port}{image}")
    assert ran.serious == {"registry-unexpected-answer"}
    assert "redirect" in ran.findings["registry-unexpected-answer"]["title"]
    assert ran.code == 1


@pytest.mark.parametrize("image", ["", "/team/app:1.0"])
def test_a_redirect_into_a_metadata_service_is_not_followed(image: str) -> None:
    with speaking(response("302 Found", "Location: http://169.254.169.254/latest/")) as port:
        ran = run("check", "-v", *SHORT, f"127.0.0.1:{port}{image}")
    assert "redirects that end nowhere" in ran.out
    assert "GET http://169.254" not in ran.err
    assert "registry-unexpected-answer" in ran.out
    assert ran.code == 1


def test_what_is_no_manifest_is_not_called_one() -> None:
    bomb = gzip.compress(gzip.compress(bytes(300_000_000), 1), 1)
    exploding = response("200 OK", MANIFEST, "Content-Encoding: gzip, gzip", body=bomb)
    for answer in (exploding, response("200 OK", MANIFEST, body=b"[1, 2]")):
        with speaking(answer) as port:
            ran = run("check", "-v", *SHORT, f"127.0.0.1:{port}/team/app:1.0")
        assert "manifest-unexpected-answer" in ran.out
        assert ran.code == 1
        assert not any(ord(each) < 32 and each not in "\n\t" for each in ran.out + ran.err)


@pytest.mark.root
@pytest.mark.parametrize("target", ["10.66.0.1:5000", "10.66.0.1:5000/team/app:1.0"])
def test_a_silent_address_costs_one_wait(target: str, tmp_path: Path) -> None:
    """A network namespace with a neighbour that is not there."""
    script = tmp_path / "run.sh"
    script.write_text(
        "set -e\nip link set lo up\nip link add here type veth peer name there\n"
        "ip link set there up\nip addr add 10.66.0.2/24 dev here\nip link set here up\n"
        "ip neigh add 10.66.0.1 lladdr 02:00:00:00:00:01 dev here\n"
        'exec "$@"\n'
    )
    main = "import sys; from regdoctor.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", main, "check", "--timeout", "2", target]
    began = time.monotonic()
    done = subprocess.run(
        ["unshare", "-n", "sh", str(script), *command],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    took = time.monotonic() - began
    assert "tcp-connect-failure" in done.stdout, done.stderr
    assert "0 open questions" in done.stdout
    assert done.returncode == 1
    assert took < 4.5  # a wait of 2 s, and what a start costs on a busy machine
