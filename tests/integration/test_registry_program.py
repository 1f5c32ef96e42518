"""``python -m tests.fixtures.registry``: the registries of the tests as a program."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.fixtures.programs import docker_registry

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).resolve().parents[2]


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.registry", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_an_old_nexus_in_front_of_a_real_registry(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as registry:
        process, url = started("--nexus", "3.14.0-04", "--upstream", registry.url)
        with process:
            try:
                request = urllib.request.Request(f"{url}/v2/app/manifests/1", method="HEAD")
                with pytest.raises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(request, timeout=10)
                with caught.value as answer:
                    assert answer.code == 404
                    assert answer.headers["Server"] == "Nexus/3.14.0-04 (OSS)"
                    assert answer.headers["Content-Type"] == "text/html"
            finally:
                process.terminate()
        assert process.returncode == 0


def test_a_wrong_version_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.registry", "--nexus", "4"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "not a Nexus version" in done.stderr
