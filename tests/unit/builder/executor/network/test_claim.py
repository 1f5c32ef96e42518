"""Claims are exclusive, and end with their holder."""

from __future__ import annotations

import secrets
import subprocess
import sys

import pytest

from builder.executor.network.claim import claim, locked


def test_a_claim_is_exclusive_until_it_is_closed() -> None:
    name = f"test/{secrets.token_hex(8)}"
    first = claim(name)
    assert first is not None
    assert claim(name) is None
    first.close()
    second = claim(name)
    assert second is not None
    second.close()


def test_a_claim_dies_with_its_process() -> None:
    name = f"test/{secrets.token_hex(8)}"
    script = (
        "import os, signal\nfrom builder.executor.network.claim import claim\n"
        f"held = claim({name!r})\nassert held\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    again = claim(name)
    assert again is not None
    again.close()


def test_a_lock_that_is_never_given_back_is_reported() -> None:
    name = f"test/{secrets.token_hex(8)}"
    with locked(name), pytest.raises(TimeoutError, match="another build holds"), locked(name, 0.05):
        pass
