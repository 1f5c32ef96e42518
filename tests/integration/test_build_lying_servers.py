"""Servers that cut, lie, drip and flood, where layers are fetched late and files are added: no
byte of theirs is kept, and the same root builds right once the server is honest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from builder.oci.digest import Digest
from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Registry, Server, Store, faults
from tests.fixtures.registry.messages import Answer, Request
from tests.fixtures.registry.registry import Tamper
from tests.fixtures.soundness import is_sound

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

LAZY = "FROM BASE\nENV a=b\n"


def large(change: Tamper) -> Tamper:
    """``change`` for layers alone: configs are small."""
    return lambda request, answer: (
        change(request, answer)
        if faults.BLOB_GETS(request) and len(answer.body) > 10_000
        else answer
    )


def flipped(request: Request, answer: Answer) -> Answer:
    """One bit of the body is another."""
    middle = len(answer.body) // 2
    changed = bytes([answer.body[middle] ^ 1])
    return replace(answer, body=answer.body[:middle] + changed + answer.body[middle + 1 :])


def flood(request: Request, answer: Answer) -> Answer:
    """Much more than was promised, without a length."""
    return replace(
        answer.without("Content-Length"), body=answer.body + bytes(60 << 20), length=False
    )


def short(request: Request, answer: Answer) -> Answer:
    """A whole answer, of half the bytes."""
    return replace(
        answer.without("Content-Length"), body=answer.body[: len(answer.body) // 2], length=True
    )


@contextmanager
def serving(tmp_path: Path, store: Store, *tamper: Tamper) -> Iterator[Server]:
    server, _ = serve_base(tmp_path, Registry(store, tamper=tamper))
    with server:
        yield server


@pytest.mark.parametrize(
    ("fault", "output"),
    [(flipped, "push"), (flood, "archive"), (short, "push")],
    ids=["flipped", "flood", "short"],
)
def test_a_layer_that_is_fetched_late_is_verified_all_the_same(
    tmp_path: Path, fault: Tamper, output: str
) -> None:
    store = Store()
    lying: list[Tamper] = [large(fault)]

    def tamper(request: Request, answer: Answer) -> Answer:
        for change in lying:
            answer = change(request, answer)
        return answer

    with serving(tmp_path, store, tamper) as server, Server(Registry()) as other:
        builds = Builds(tmp_path, f"{server.authority}/base/busybox:1")
        name = f"{other.authority}/apps/one:1"
        archive = tmp_path / "out.tar"
        asked = {
            "archive": ("-o", f"type=oci,dest={archive}"),
            "push": ("-t", name, "--push"),
        }[output]
        ended = builds.run(*asked, builds.context(LAZY))
        assert ended.code == 1, ended.text
        assert "Traceback" not in ended.text
        assert not archive.exists()
        assert not other.requests("PUT", "/manifests/")
        is_sound(builds.root)
        lying.clear()
        assert builds.run(*asked, builds.context(LAZY)).code == 0


def test_a_layer_that_drips_arrives_whole(tmp_path: Path) -> None:
    """Cut off again and again, it is gone on with where it broke off."""
    cut = faults.cut(lambda request: True, 300_000, times=3)
    with serving(tmp_path, Store(), large(cut)) as server:
        builds = Builds(tmp_path, f"{server.authority}/base/busybox:1")
        assert "bin/busybox" in builds.image(builds.context(LAZY)).files()
        is_sound(builds.root)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, (("Content-Length", "9000"), ("ETag", '"1"')), b"half", cut_after=4),
        Answer(200, (("ETag", '"1"'),), b"cut off", cut_after=3),
        Answer(200, (("ETag", '"1"'),), b"cut off", chunked=True, cut_after=3),
        Answer(200, (("ETag", '"1"'), ("Content-Encoding", "gzip")), b"\x1f\x8b\x08 no such"),
        Answer(302, (("Location", "file:///etc/passwd"),)),
        Answer(304, (("ETag", '"1"'),)),
    ],
    ids=["short", "cut", "chunk", "gzip", "file", "unasked"],
)
def test_a_download_that_breaks_off_or_leads_away_is_not_kept(
    tmp_path: Path, answer: Answer
) -> None:
    builds = Builds(tmp_path, "scratch")
    files = Files({"/f": answer})
    with Server(files) as server:
        for rest in (f"{server.url}/f /", f"--checksum={Digest.of(b'good')} {server.url}/f /"):
            context = builds.context(f"FROM scratch\nADD {rest}\n")
            ended = builds.run(context)
            assert ended.code == 1, ended.text
            assert "Traceback" not in ended.text
            assert "root:" not in ended.text
            is_sound(builds.root)
        files.files["/f"] = File(b"good", '"1"')
        assert builds.image(context).read("f") == b"good"


@pytest.mark.parametrize(
    "source",
    [
        "ext::sh -c touch% MARKER",
        "file://PLACE/repository.git",
        "git@-oProxyCommand=touch${IFS}MARKER:x/y.git",
        "ssh://-oProxyCommand=touch%20MARKER/x.git",
        "https://127.0.0.1:9/x.git#--upload-pack=touch MARKER",
    ],
)
def test_a_source_in_a_dockerfile_runs_nothing_and_reads_no_file(
    tmp_path: Path, source: str
) -> None:
    marker = tmp_path / "marker"
    secret = tmp_path / "place" / "repository.git" / "secret"
    secret.parent.mkdir(parents=True)
    secret.write_text("hunter2")
    text = source.replace("MARKER", str(marker)).replace("PLACE", str(tmp_path / "place"))
    builds = Builds(tmp_path, "scratch")
    added = f'ADD ["{text}", "/x/"]'
    ended = builds.run("--preflight", "off", builds.context(f"FROM scratch\n{added}\n"))
    assert ended.code == 1, ended.text
    assert "Traceback" not in ended.text
    assert "hunter2" not in ended.text
    assert not marker.exists()
    assert list(tmp_path.rglob("secret")) == [secret]
