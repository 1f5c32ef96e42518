"""A secret is in no byte of what a build writes or shows, while it runs, after it, or after a
crash."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.soundness import eventually, holders, is_sound, nothing_runs

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = """
FROM BASE
RUN --mount=type=secret,id=file --mount=type=secret,id=variable,env=VARIABLE --mount=type=ssh \\
    test -n "$VARIABLE" && test -s /run/secrets/file && test -S "$SSH_AUTH_SOCK" && \\
    echo begun >/begun && echo started && sleep SECONDS && cp /begun /ended
"""


class Told:
    """Secrets of all kinds, new for each test, and how a build gets them."""

    def __init__(self, directory: Path) -> None:
        self.file, self.variable, self.own = (secrets.token_hex(16) for _ in range(3))
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key = pem.decode().splitlines()[1]
        (directory / "file").write_text(self.file)
        (directory / "key").write_bytes(pem)
        (directory / "key").chmod(0o600)
        self.arguments: list[str | Path] = [
            *("--secret", f"id=file,src={directory / 'file'}"),
            *("--secret", "id=variable,env=THE_VARIABLE"),
            *("--ssh", f"default={directory / 'key'}"),
        ]
        self.environment = {"THE_VARIABLE": self.variable, "UNRELATED_TOKEN": self.own}

    def all(self) -> list[bytes]:
        return [text.encode() for text in (self.file, self.variable, self.own, self.key)]

    def found_below(self, *places: Path) -> list[str]:
        return [found for text in self.all() for place in places for found in holders(place, text)]


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


@pytest.fixture
def told(builds: Builds) -> Told:
    told = Told(builds.directory)
    builds.environment.update(told.environment)
    return told


def processes_that_tell(told: Told, name: str) -> dict[int, bytes]:
    """Processes with a secret in their ``cmdline`` or ``environ``, and what they are."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            data = (entry / name).read_bytes()
            if any(text in data for text in told.all()):
                found[int(entry.name)] = (entry / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def test_a_secret_is_nowhere_while_it_is_lent(builds: Builds, told: Told) -> None:
    out = builds.directory / "out"
    out.mkdir()
    metadata = ("--metadata-file", out / "metadata.json", "--provenance=mode=max")
    context = builds.context(DOCKERFILE.replace("SECONDS", "3"))
    outputs = ("-o", f"type=oci,dest={out / 'image.tar'}", "-t", "told:1")
    cache = ("--cache-to", f"type=local,dest={out / 'cache'},mode=max")
    rest = (*metadata, *outputs, *cache, "--progress", "rawjson", "--explain-cache", context)
    process = builds.start(*told.arguments, *rest)
    shown = builds.root / "snapshots"
    assert eventually(lambda: bool(list(shown.rglob("begun"))), 20.0)
    assert told.found_below(builds.root) == []
    assert processes_that_tell(told, "cmdline") == {}
    knowing = processes_that_tell(told, "environ")
    step = [command for pid, command in knowing.items() if pid != process.pid]
    # the builder was given it, and the step asked for it: nobody between them has it
    assert process.pid in knowing
    assert step
    assert all(words.startswith((b"/bin/sh\0-c", b"sleep\0")) for words in step), step
    said = b"".join(process.communicate(timeout=60))
    assert process.returncode == 0, said
    assert [text for text in told.all() if text in said] == []
    assert told.found_below(builds.root, out) == []
    is_sound(builds.root)


def test_a_secret_is_on_no_disk_when_all_that_could_clean_up_is_killed(
    builds: Builds, told: Told
) -> None:
    process = builds.start(
        *told.arguments, builds.context(DOCKERFILE.replace("SECONDS", "60")), start_new_session=True
    )
    assert eventually(lambda: bool(list((builds.root / "snapshots").rglob("begun"))), 20.0)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            words = (entry / "cmdline").read_bytes()
            if b"regdoctor-watchdog" in words and os.fsencode(builds.root) in words:
                os.kill(int(entry.name), signal.SIGKILL)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert told.found_below(builds.root) == []
    ended = builds.run(builds.context("FROM BASE\nRUN true\n"))
    assert ended.code == 0, ended.text
    nothing_runs(builds.root)
    is_sound(builds.root)
    assert told.found_below(builds.root) == []
    assert list(Path("/dev/shm").glob(f"regdoctor-{process.pid}-*")) == []
