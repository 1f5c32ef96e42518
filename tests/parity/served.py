"""What the cases of the corpus ask for: base images, contexts, downloads, repositories, keys."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures import images
from tests.fixtures.builds import COMMAND
from tests.fixtures.files import File, Files
from tests.fixtures.plainuser import USER, as_plain_user
from tests.fixtures.registry import Server
from tests.fixtures.repositories import git_daemon, make
from tests.parity.builders import REPOSITORY, run
from tests.parity.context import members, tar, write_context

TRIGGERS = """\
FROM {busybox}
ONBUILD COPY a /by-trigger
ONBUILD ENV TRIGGERED=yes
ONBUILD RUN mkdir /triggered && chmod 700 /triggered
ONBUILD WORKDIR /triggered/work
"""


@dataclass(frozen=True)
class World:
    """``words`` are those of the cases; ``own`` are a plain user's in their place."""

    words: dict[str, str]
    own: dict[str, str]
    prefix: tuple[str, ...]
    """A command that runs another one as that user."""
    home: Path


@contextlib.contextmanager
def world(directory: Path) -> Iterator[World]:
    """Everything below ``directory``, served while the context lasts. Root only."""
    home = directory / "user" / "home"
    home.parent.mkdir()
    prefix = as_plain_user(home)
    with (
        images.registry(directory / "registry") as registry,
        Server(_files()) as web,
        _repositories(directory / "served") as (git, commit),
        _agent(directory / "agent") as agent,
        _agent(directory / "user" / "agent") as own_agent,
    ):
        for base in (images.busybox, images.debian_like):
            layout = base(directory / base.__name__)
            images.push(layout, registry, base.__name__, "1")
        words = {
            "busybox": f"{registry}/busybox:1",
            "debian": f"{registry}/debian_like:1",
            "triggers": f"{registry}/triggers:1",
            "registry": registry,
            "web": web.url,
            "git": git,
            "commit": commit,
            "ssh": str(agent),
            "context": str(write_context(directory / "context")),
        }
        _push_triggers(directory, words)
        own = home / "context"
        subprocess.run(
            [
                *prefix,
                "unshare",
                "--map-auto",
                "--map-root-user",
                sys.executable,
                "-B",
                "-m",
                "tests.parity.context",
                str(own),
            ],
            check=True,
            cwd=REPOSITORY,
        )
        os.chown(own_agent, USER, USER)
        yield World(words, {**words, "context": str(own), "ssh": str(own_agent)}, prefix, home)


def _files() -> Files:
    dated = (("Last-Modified", "Tue, 01 Sep 2020 10:00:00 GMT"),)
    disposed = (("Content-Disposition", 'attachment; filename="by header"'),)
    archive = gzip.compress(tar(members()), mtime=0)
    return Files(
        {
            "/dir/tool": File(b"tool\n", '"1"', dated),
            "/dir/tool?query=1": File(b"queried\n", '"2"', dated),
            "/undated": File(b"undated\n"),
            "/disposed": File(b"disposed\n", headers=disposed),
            "/archive.tgz": File(archive, headers=dated),
        }
    )


@contextlib.contextmanager
def _repositories(served: Path) -> Iterator[tuple[str, str]]:
    """URL of the daemon, and the commit that its ``outer.git`` has as ``plain``."""
    outer = make(served / "outer.git")
    (outer.path / "run").write_text("#!/bin/sh\n")
    (outer.path / "run").chmod(0o775)
    (outer.path / "link").symlink_to("sub/b")
    (outer.path / "notes.md").write_text("notes\n")
    commit = outer.commit(a="one\n", sub__b="below\n", sub__deep__c="deeper\n")
    outer.git("tag", "plain")
    outer.git("tag", "-a", "-m", "t", "noted")
    outer.commit(a="two\n")
    with git_daemon(served) as url:
        yield url, commit


@contextlib.contextmanager
def _agent(socket: Path) -> Iterator[Path]:
    started = subprocess.run(
        ["ssh-agent", "-s", "-a", str(socket)], check=True, capture_output=True, text=True
    )
    found = re.search(r"SSH_AGENT_PID=(\d+)", started.stdout)
    assert found, started.stdout
    try:
        yield socket
    finally:
        os.kill(int(found[1]), 15)


def _push_triggers(directory: Path, words: dict[str, str]) -> None:
    context = directory / "triggers"
    context.mkdir()
    (context / "Dockerfile").write_text(TRIGGERS.replace("{busybox}", words["busybox"]))
    state = directory / "triggers-state"
    command = (*COMMAND, "build", "--root", str(state), "--provenance=false")
    run([*command, "-t", words["triggers"], "--push", str(context)])
