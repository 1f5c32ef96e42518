"""Builds from end to end: a Dockerfile in, an image out, by the command line."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND, Builds, Image, serve_base
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = """
FROM BASE AS build
WORKDIR /src
COPY in.txt .
RUN tr a-z A-Z <in.txt >out.txt
FROM BASE
ENV GREETING="hello world"
COPY --from=build --chown=1000:100 /src/out.txt /app/
RUN echo app:x:1000:100::/:/bin/sh >>/etc/passwd && rm /etc/shadow
USER app
WORKDIR /app
EXPOSE 8080
VOLUME /data
STOPSIGNAL SIGINT
LABEL a=b
ENTRYPOINT ["/bin/cat"]
CMD ["out.txt"]
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


@pytest.fixture
def builds(tmp_path: Path, registry: tuple[Server, str]) -> Builds:
    return Builds(tmp_path, registry[1])


def test_a_multi_stage_build_makes_the_image_it_describes(builds: Builds) -> None:
    image = builds.image(builds.context(DOCKERFILE, **{"in.txt": "quiet"}))
    assert image.read("app/out.txt") == b"QUIET"
    owner = image.files()["app/out.txt"]
    assert (owner.uid, owner.gid, owner.mode) == (1000, 100, 0o644)
    assert "etc/shadow" not in image.files()
    assert "src" not in image.files()
    config = image.config["config"]
    assert config["User"] == "app"
    assert config["WorkingDir"] == "/app"
    assert config["Entrypoint"] == ["/bin/cat"]
    assert config["Cmd"] == ["out.txt"]
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    assert config["StopSignal"] == "SIGINT"
    assert config["Labels"] == {"a": "b"}
    assert "GREETING=hello world" in config["Env"]
    assert len(image.config["rootfs"]["diff_ids"]) == len(image.manifest["layers"])
    assert re.search(r"^notice: RUN steps ran in (runc|crun)", image.ended.stderr, re.MULTILINE)


def test_the_second_build_runs_nothing_and_gives_the_same_image(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, **{"in.txt": "quiet"})
    first, second = builds.image(context), builds.image(context)
    ends = {name: end for name, end in second.ended.steps().items() if "internal" not in name}
    assert {end for name, end in ends.items() if "FROM" not in name} == {"CACHED"}
    assert second.digest == first.digest


def test_only_what_changed_is_run_again(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, **{"in.txt": "one"})
    builds.image(context)
    (context / "in.txt").write_text("two")
    image = builds.image(context)
    assert image.read("app/out.txt") == b"TWO"
    steps = image.ended.steps()
    assert steps["[build 2/4] WORKDIR /src"] == "CACHED"
    assert steps["[build 4/4] RUN tr a-z A-Z <in.txt >out.txt"] == "DONE"


def test_a_touched_file_with_equal_content_still_hits(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, **{"in.txt": "one"})
    builds.image(context)
    (context / "in.txt").write_text("one")
    assert builds.image(context).ended.steps()["[build 3/4] COPY in.txt ."] == "CACHED"


def test_preflight_and_build_ask_for_nothing_twice(
    builds: Builds, registry: tuple[Server, str]
) -> None:
    server, _ = registry
    server.seen.clear()
    builds.image(builds.context(DOCKERFILE, **{"in.txt": "x"}))
    counted = server.counted()
    assert counted
    assert set(counted.values()) == {1}, counted
    tags = [s for s in server.seen if s.target.endswith("/manifests/1")]
    assert [s.method for s in tags] == ["HEAD"]


def test_a_failing_step_is_shown_with_its_output_and_its_line(builds: Builds) -> None:
    ended = builds.run(builds.context("FROM BASE\nRUN echo about to fail; exit 7\n"))
    assert ended.code == 1
    assert "about to fail" in ended.stderr
    assert "Dockerfile:2" in ended.stderr
    assert ">>> RUN echo about to fail; exit 7" in ended.stderr
    assert (
        'ERROR: failed to build: failed to solve: process "/bin/sh -c echo about to fail; '
        'exit 7" did not complete successfully: exit code: 7'
    ) in ended.stderr
    assert "Traceback" not in ended.text


def test_ignored_files_are_not_in_the_context(builds: Builds) -> None:
    context = builds.context(
        "FROM scratch\nCOPY . /\n",
        **{".dockerignore": "*.log\n!keep.log\nsub\n", "a.log": "", "keep.log": "", "b": ""},
        sub__c="",
    )
    image = builds.image(context)
    assert sorted(image.files()) == [".dockerignore", "Dockerfile", "b", "keep.log"]


def test_outputs_are_what_they_say(builds: Builds, tmp_path: Path) -> None:
    context = builds.context("FROM scratch\nCOPY a /d/a\n", a="text")
    local = tmp_path / "local"
    assert builds.run("-o", str(local), context).code == 0
    assert (local / "d/a").read_text() == "text"
    tar = builds.run("-o", "type=tar,dest=-", context)
    assert b"ustar" in tar.stdout
    directory = tmp_path / "layout"
    assert builds.run("-o", f"type=oci,dest={directory},tar=false", context).code == 0
    assert json.loads((directory / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}


def test_the_image_id_and_the_metadata_go_to_files(builds: Builds, tmp_path: Path) -> None:
    context = builds.context("FROM scratch\nCOPY a /a\n", a="")
    id_file, metadata = tmp_path / "iid", tmp_path / "metadata.json"
    flags = ("-q", "-t", "x/y:1", "--iidfile", id_file, "--metadata-file", metadata)
    attested = builds.run(*flags, "--provenance=mode=min", context)
    assert attested.code == 0
    document = json.loads(metadata.read_text())
    assert document["containerimage.digest"] == id_file.read_text()  # an index has no config
    assert "containerimage.config.digest" not in document
    ended = builds.run(*flags, "--provenance=false", context)
    assert ended.code == 0
    assert ended.stdout.decode().strip() == id_file.read_text()
    document = json.loads(metadata.read_text())
    assert document["containerimage.config.digest"] == id_file.read_text()
    assert document["containerimage.descriptor"]["digest"] == document["containerimage.digest"]
    assert document["image.name"] == "docker.io/x/y:1"


def test_annotations_and_compression_are_as_asked(builds: Builds) -> None:
    context = builds.context("FROM scratch\nCOPY a /a\n", a="x")
    archive = builds.directory / "annotated.tar"
    ended = builds.run(
        *("--annotation", "org.Example=1", "-o", f"type=oci,dest={archive},compression=zstd"),
        context,
    )
    image = Image(archive, ended)
    assert image.manifest["annotations"] == {"org.Example": "1"}
    assert image.manifest["layers"][0]["mediaType"].endswith("tar+zstd")
    refused = builds.run("-o", f"type=oci,dest={archive},compression=estargz", context)
    assert (refused.code, "estargz" in refused.stderr) == (2, True)


def test_the_epoch_of_an_output_goes_into_its_layers(builds: Builds) -> None:
    context = builds.context("FROM scratch\nCOPY a /a\n", a="x")
    archive = builds.directory / "dated.tar"
    wanted = f"type=oci,dest={archive},rewrite-timestamp=true,source-date-epoch=1000000000"
    image = Image(archive, builds.run("-o", wanted, context))
    assert image.files()["a"].mtime == 1_000_000_000
    assert image.config["created"] == "2001-09-09T01:46:40Z"


def test_linked_layers_take_the_form_of_each_output(builds: Builds) -> None:
    context = builds.context("FROM BASE\nCOPY --link a /a\nCOPY --link b /b\n", a="x", b="y")
    builds.image(context)
    archive = builds.directory / "dated.tar"
    more = "compression=uncompressed,rewrite-timestamp=true,source-date-epoch=1000000000"
    image = Image(archive, builds.run("-o", f"type=oci,dest={archive},{more}", context))
    linked = image.manifest["layers"][1:]
    assert [layer["mediaType"].rpartition(".")[2] for layer in linked] == ["tar", "tar"]
    assert {image.files()[name].mtime for name in ("a", "b")} == {1_000_000_000}
    note = {"buildkit/rewritten-timestamp": "1000000000"}
    assert [layer["annotations"] for layer in linked] == [note, note]


def test_what_a_closed_pipe_has_not_read_is_no_success(builds: Builds) -> None:
    command = f"{shlex.join(COMMAND)} check 127.0.0.1:9 | true; exit ${{PIPESTATUS[0]}}"
    assert subprocess.run(["bash", "-c", command], timeout=60).returncode in (1, 141)


def test_an_image_of_the_local_store_is_a_base(
    builds: Builds, registry: tuple[Server, str]
) -> None:
    first = builds.context("FROM BASE\nRUN echo made >/made\n")
    assert builds.run("-t", "local/base:1", first).code == 0
    registry[0].close()
    image = builds.image(
        builds.context("FROM local/base:1\nCOPY --from=local/base:1 /made /again\n")
    )
    assert image.read("again") == b"made\n"


def test_a_pushed_image_can_be_built_upon(builds: Builds, registry: tuple[Server, str]) -> None:
    server, _ = registry
    name = f"{server.authority}/apps/one:1"
    context = builds.context("FROM BASE\nRUN echo pushed >/made\n")
    ended = builds.run("-t", name, "--push", context)
    assert ended.code == 0, ended.text
    assert f"pushed {name}@sha256:" in ended.stderr
    other = Builds(builds.directory / "other", name)
    other.directory.mkdir()
    assert other.image(other.context("FROM BASE\n")).read("made") == b"pushed\n"


def test_a_base_layer_is_mounted_and_not_sent_again(
    builds: Builds, registry: tuple[Server, str]
) -> None:
    server, _ = registry
    context = builds.context("FROM BASE\nRUN echo x >/x\n")
    ended = builds.run("-t", f"{server.authority}/apps/two:1", "--push", context)
    assert ended.code == 0, ended.text
    mounts = [s for s in server.requests("POST") if "mount=" in s.target]
    assert [s.status for s in mounts] == [201]


def test_secrets_and_caches_leave_no_trace_in_the_image(builds: Builds, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cr3t-value")
    context = builds.context(
        "FROM BASE\n"
        "RUN --mount=type=secret,id=token --mount=type=cache,target=/cache "
        "wc -c </run/secrets/token >/size; echo x >/cache/old\n"
        "ARG again\n"
        "RUN --mount=type=cache,target=/cache cat /cache/old >/found-$again\n"
    )
    image = builds.image("--secret", f"id=token,src={secret}", "--build-arg", "again=1", context)
    assert image.read("size").split() == [b"12"]
    assert image.read("found-1") == b"x\n"
    assert not [name for name in image.files() if name.startswith(("cache", "run/"))]
    assert all(b"s3cr3t-value" not in blob for blob in image.blobs.values())
    for path in builds.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"s3cr3t-value" not in path.read_bytes(), path


def test_a_bind_mount_is_read_only_and_writes_to_a_writable_one_vanish(builds: Builds) -> None:
    context = builds.context(
        "FROM BASE\n"
        "RUN --mount=target=/ctx cat /ctx/a >/copied; touch /ctx/b 2>/dev/null || echo ro >/ro\n"
        "RUN --mount=target=/ctx,rw touch /ctx/b && ls /ctx >/listing\n",
        a="from the context",
    )
    image = builds.image(context)
    assert image.read("copied") == b"from the context"
    assert image.read("ro") == b"ro\n"
    assert b"b\n" in image.read("listing")
    assert "ctx" not in image.files()
    assert sorted(path.name for path in context.iterdir()) == ["Dockerfile", "a"]


def test_host_network_must_be_allowed(builds: Builds) -> None:
    context = builds.context("FROM BASE\nRUN --network=host true\n")
    refused = builds.run(context)
    assert refused.code == 1
    assert "network.host is not allowed" in refused.stderr
    assert builds.run("--allow", "network.host", context).code == 0


def test_a_cache_is_explained(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, **{"in.txt": "one"})
    builds.run("-o", "type=cacheonly", context)
    (context / "Dockerfile").write_text(
        (context / "Dockerfile").read_text().replace("tr a-z", "tr b-z")
    )
    ended = builds.run("-o", "type=cacheonly", "--explain-cache", context)
    assert re.search(r"^hit +\[build 3/4\] COPY in.txt \.$", ended.stderr, re.MULTILINE)
    assert "ran: " in ended.stderr
    assert "tr b-z" in ended.stderr


def test_the_state_directory_may_be_relative(builds: Builds) -> None:
    (builds.directory / "token").write_text("x")
    context = builds.context(
        "FROM BASE\nRUN --mount=type=secret,id=token test -s /run/secrets/token\n"
    )
    process = builds.start(
        *("--root", "relative", "--secret", "id=token,src=token"), context, cwd=builds.directory
    )
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr.decode()
    assert (builds.directory / "relative").is_dir()
