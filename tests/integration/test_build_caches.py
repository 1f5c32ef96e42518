"""Caches between two machines: one builds and exports, the other starts from nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, Ended, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = """
FROM BASE AS made
COPY a /a
RUN cp /a /made && cat /proc/sys/kernel/random/uuid >/made-at
FROM BASE
COPY --from=made /made /made-at /
RUN cp /made /copied && cat /proc/sys/kernel/random/uuid >/copied-at
"""


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


@pytest.fixture
def second(first: Builds) -> Builds:
    """Another machine, to which the same registry can be reached."""
    directory = first.directory / "second"
    directory.mkdir()
    return Builds(directory, first.base)


def missed(ended: Ended) -> list[str]:
    """Steps that ran."""
    assert ended.code == 0, ended.text
    return sorted(
        name
        for name, end in ended.steps().items()
        if end != "CACHED" and not name.startswith("[internal]") and " FROM " not in name
    )


def place(builds: Builds, kind: str) -> tuple[str, str]:
    """Values of --cache-to and --cache-from."""
    if kind == "registry":
        where = f"type=registry,ref={builds.base.partition('/')[0]}/cache/app:main"
        return where, where
    directory = builds.directory / "cache"
    return f"type=local,dest={directory},tag=main", f"type=local,src={directory},tag=main"


@pytest.mark.parametrize("kind", ["registry", "local"])
def test_a_whole_cache_spares_every_step(first: Builds, second: Builds, kind: str) -> None:
    context = first.context(DOCKERFILE, a="x")
    to, source = place(first, kind)
    made = first.image("--cache-to", f"{to},mode=max", context)
    again = second.image("--cache-from", source, context)
    assert missed(again.ended) == []
    assert again.read("copied-at") == made.read("copied-at")
    assert again.manifest["layers"] == made.manifest["layers"]


def test_a_small_cache_holds_the_steps_of_the_image(first: Builds, second: Builds) -> None:
    context = first.context(DOCKERFILE, a="x")
    to, source = place(first, "local")
    assert first.run("--cache-to", to, context).code == 0
    assert missed(second.run("--cache-from", source, context)) == []
    changed = DOCKERFILE.replace("/copied &&", "/other &&")
    again = second.run("--cache-from", source, first.context(changed, a="x"))
    assert [name.partition("] ")[2][:7] for name in missed(again)] == ["RUN cp "]


def test_only_what_changed_runs_again(first: Builds, second: Builds) -> None:
    to, source = place(first, "registry")
    assert first.run("--cache-to", f"{to},mode=max", first.context(DOCKERFILE, a="x")).code == 0
    other = DOCKERFILE.replace("FROM BASE AS made", "FROM BASE AS made\nENV COLOUR=red")
    ended = second.run("--cache-from", source, first.context(other, a="x"))
    assert [name.partition("] ")[2][:12] for name in missed(ended)] == [
        "RUN cp /a /m",
        "COPY --from=",
        "RUN cp /made",
    ]


def test_a_cache_is_passed_on_without_being_fetched(first: Builds, second: Builds) -> None:
    """Steps of other stages hit by their names alone; their layers go from cache to cache."""
    context = first.context(DOCKERFILE, a="x")
    to, source = place(first, "registry")
    assert first.run("--cache-to", f"{to},mode=max", context).code == 0
    directory = second.directory / "passed"
    ended = second.run(
        "--cache-from", source, "--cache-to", f"type=local,dest={directory},mode=max", context
    )
    assert missed(ended) == []
    third = Builds(second.directory / "third", first.base)
    third.directory.mkdir()
    changed = DOCKERFILE.replace("/made-at /\n", "/made-at /there/\n")
    changed = changed.replace("cp /made /", "cp /there/made /")
    again = third.run("--cache-from", f"type=local,src={directory}", first.context(changed, a="x"))
    assert [name.partition("] ")[2][:12] for name in missed(again)] == [
        "COPY --from=",
        "RUN cp /ther",
    ]


@pytest.mark.parametrize("asked", ["--cache-to=type=inline", "--build-arg=BUILDKIT_INLINE_CACHE=1"])
def test_an_image_carries_its_own_cache(first: Builds, second: Builds, asked: str) -> None:
    context = first.context("FROM BASE\nCOPY a /a\nRUN date +%s%N >/at\n", a="x")
    name = f"{first.base.partition('/')[0]}/app:1"
    assert first.run(asked, "-t", name, "--push", context).code == 0
    again = second.image("--cache-from", name, context)
    assert missed(again.ended) == []
    assert "moby.buildkit.cache.v0" not in again.config


def test_the_inline_cache_is_a_list_of_records_in_the_config(first: Builds) -> None:
    context = first.context("FROM BASE\nCOPY a /a\nRUN true\n", a="x")
    image = first.image("--cache-to", "type=inline", context)
    records = json.loads(base64.b64decode(image.config["moby.buildkit.cache.v0"]))
    assert sorted(place["layer"] for row in records for place in row.get("layers", ())) == [1, 2]


def test_a_cache_that_cannot_be_read_is_shown_and_done_without(first: Builds) -> None:
    ref = f"{first.base.partition('/')[0]}/cache/none:main"
    ended = first.run("--cache-from", ref, first.context("FROM BASE\nRUN true\n"))
    assert ended.code == 0
    assert f"importing cache manifest from {ref}" in ended.text
    assert "not found" in ended.text


@pytest.mark.parametrize(("extra", "code"), [("", 1), (",ignore-error=true", 0)])
def test_a_cache_that_cannot_be_written_fails_the_build_unless_told_otherwise(
    first: Builds, extra: str, code: int
) -> None:
    (first.directory / "file").write_text("in the way")
    context = first.context("FROM BASE\nRUN true\n")
    ended = first.run("--cache-to", f"type=local,dest={first.directory}/file/cache{extra}", context)
    assert ended.code == code, ended.text
    assert "cannot write the cache" in ended.text


def test_layers_of_a_cache_that_are_not_what_they_say_are_not_used(
    first: Builds, second: Builds
) -> None:
    context = first.context("FROM BASE\nRUN date +%s%N >/at\n")
    to, source = place(first, "local")
    assert first.run("--cache-to", to, context).code == 0
    for blob in (first.directory / "cache" / "blobs" / "sha256").iterdir():
        data = blob.read_bytes()
        if data[:2] == b"\x1f\x8b":
            blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    ended = second.run("--cache-from", source, context)
    assert [name.partition("] ")[2][:8] for name in missed(ended)] == ["RUN date"]
    assert "cached result not used" in ended.text


def test_a_secret_is_in_no_cache(first: Builds) -> None:
    secret = first.directory / "secret"
    secret.write_text("hunter2-and-more")
    context = first.context(
        "FROM BASE\nRUN --mount=type=secret,id=s cat /run/secrets/s >/dev/null\n"
    )
    to, _ = place(first, "local")
    flags = ("--secret", f"id=s,src={secret}", "--cache-to", f"{to},mode=max")
    assert first.run(*flags, context).code == 0
    for path in (first.directory / "cache").rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes()
