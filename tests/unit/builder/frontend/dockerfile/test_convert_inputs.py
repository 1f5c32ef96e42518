"""Conversion: contexts, references, and what single instructions become."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from builder.frontend.dockerfile import (
    Conversion,
    DockerfileError,
    convert,
    parse,
    references,
)
from builder.llb import ops, wire
from builder.llb.graph import LLBVertex
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from tests.fixtures.conversion import (
    AMD64,
    ARM64,
    HOST,
    Registry,
    created_by,
    env_of,
    execs,
    graph,
    made,
    names,
)

# --- contexts ------------------------------------------------------------------------------


def context_of(result: Conversion, name: str = "context") -> dict[str, str]:
    for vertex in graph(result).vertices.values():
        op = vertex.spec.op
        if isinstance(op, ops.SourceOp) and op.identifier == f"local://{name}":
            return dict(op.attrs)
    raise AssertionError(f"no local source {name}")


async def test_ignore_patterns_and_used_paths_go_with_the_context() -> None:
    options = replace(HOST, ignore_patterns=("*.md", "!a<b"), session="s")
    result = await made("FROM a\nCOPY ../x y/ /d/\n", options)
    assert context_of(result) == {
        "local.session": "s",
        "local.followpaths": '["x","y"]',
        "local.excludepatterns": '["*.md","!a\\u003cb"]',
        "local.sharedkeyhint": "context",
    }


async def test_a_copied_file_that_is_ignored_is_remarked_on() -> None:
    options = replace(HOST, ignore_patterns=("*.md",))
    result = await made("FROM a\nCOPY ./x.md /\nADD y /\n", options)
    assert [str(w) for w in result.warnings] == [
        'CopyIgnoredFile: Attempting to Copy file "x.md" that is excluded by .dockerignore (line 2)'
    ]


async def test_named_contexts_replace_images_and_stages() -> None:
    options = replace(
        HOST,
        named_contexts={
            "a": "docker-image://other:1",
            "st": "local:st",
            "src": "https://h/r.git#v1",
            "f": "https://h/f.tar",
        },
        named_ignores={"st": ("*.o",)},
        named_hints={"st": "abc"},
        session="s",
    )
    registry = Registry()
    source = (
        "FROM gone AS st\nRUN never\nFROM a\nCOPY --from=st /x /y\n"
        "COPY --from=src / /src\nCOPY --from=f / /f\n"
    )
    result = await made(source, options, registry)
    assert registry.asked == ["other:1"]
    assert registry.names == ["[context a] load metadata for other:1"]
    assert context_of(result, "st") == {
        "local.session": "s",
        "local.followpaths": '["x"]',
        "local.excludepatterns": '["*.o"]',
        "local.sharedkeyhint": "context:st-abc",
    }
    shown = names(result)
    assert "[context a] other:1" in shown
    assert "[context st] load from client" in shown
    assert "[context f] https://h/f.tar" in shown


async def test_an_oci_layout_context_is_asked_of_the_client() -> None:
    digest = Digest.of(b"layout")

    class Layouts:
        async def resolve_layout_config(
            self, store: str, digest: Digest, platform: Platform, *, log_name: str
        ) -> bytes:
            assert store == "store"
            return b'{"os":"linux","architecture":"amd64","config":{"Env":["L=1"]}}'

    options = replace(HOST, named_contexts={"a": f"oci-layout://store@{digest}"}, layouts=Layouts())
    result = await made("FROM a\nRUN x\n", options)
    assert env_of(result)["L"] == "1"
    source = next(iter(graph(result).vertices.values())).spec.op
    assert isinstance(source, ops.SourceOp)
    assert source.identifier == f"oci-layout://docker.io/library/a@{digest}"
    assert source.attrs == {"oci.store": "store"}


# --- references ----------------------------------------------------------------------------


def test_references_are_what_the_target_needs_with_place_and_reason() -> None:
    source = (
        b"# syntax=front:1\nARG V=2\nFROM a:$V AS x\nFROM unused\nFROM x\n"
        b"COPY --from=b:1 / /\nRUN --mount=from=c,target=/c y\nCOPY --from=x / /\n"
    )
    found = references(parse(source), HOST)
    assert [(u.reference, u.why, u.line) for u in found] == [
        ("front:1", "syntax", 1),
        ("a:2", "FROM", 3),
        ("b:1", "COPY --from", 6),
        ("c", "RUN --mount from", 7),
    ]
    assert {u.platform for u in found} == {AMD64}


def test_references_follow_target_platform_contexts_and_arguments() -> None:
    source = b"ARG V=1\nFROM --platform=$BUILDPLATFORM a:$V AS x\nFROM b AS y\nFROM c\n"
    options = replace(
        HOST,
        target="y",
        target_platform=ARM64,
        build_args={"BUILDKIT_SYNTAX": "mine:1 arg"},
        named_contexts={"b": "docker-image://d:3"},
    )
    found = references(parse(source), options)
    assert [(u.reference, u.platform, u.why) for u in found] == [
        ("mine:1", AMD64, "syntax"),
        ("d:3", ARM64, "FROM"),
    ]


# --- instructions --------------------------------------------------------------------------


async def test_a_script_in_a_heredoc_is_mounted_and_run() -> None:
    result = await made("FROM a\nRUN <<E\n#!/bin/x\n1\nE\n")
    (op,) = execs(result)
    assert op.meta is not None
    assert op.meta.args == ("/bin/sh", "-c", "/dev/pipes/E")
    assert [(m.dest, m.selector, m.readonly) for m in op.mounts[1:]] == [("/dev/pipes/", "/", True)]


async def test_a_cache_mount_is_named_by_its_target_within_the_namespace() -> None:
    options = replace(HOST, build_args={"BUILDKIT_CACHE_MOUNT_NS": "ns"})
    source = "FROM a\nARG D=d\nWORKDIR /w\nRUN --mount=type=cache,target=$D/../e x\n"
    result = await made(source, options)
    cache = execs(result)[0].mounts[1]
    assert (cache.dest, cache.mount_type) == ("/w/e", ops.MountType.CACHE)
    assert cache.cache_opt == ops.CacheOpt("ns/e", ops.CacheSharing.SHARED)


async def test_an_agent_mount_does_not_override_a_socket_that_is_set() -> None:
    source = "FROM a\nENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh x\n"
    assert env_of(await made(source))["SSH_AUTH_SOCK"] == "/mine"


async def test_a_secret_variable_is_masked_in_the_name() -> None:
    result = await made("FROM a\nRUN --mount=type=secret,id=t,env=TOKEN echo $TOKEN\n")
    assert names(result)[-1].endswith("echo ****")


async def test_link_over_scratch_needs_no_merge() -> None:
    result = await made("FROM scratch\nCOPY --link x /\n")
    assert not any(isinstance(v.spec.op, ops.MergeOp) for v in graph(result).vertices.values())


async def test_link_with_chmod_is_an_ordinary_copy() -> None:
    result = await made("FROM a\nCOPY --link --chmod=1 x /\n")
    assert not any(isinstance(v.spec.op, ops.MergeOp) for v in graph(result).vertices.values())


async def test_git_queries_become_attributes() -> None:
    source = "FROM scratch\nADD git@h:o/r.git?branch=b&subdir=s&submodules=false&keep-git-dir=1 /\n"
    result = await made(source)
    (source_op,) = [
        v.spec.op for v in graph(result).vertices.values() if isinstance(v.spec.op, ops.SourceOp)
    ]
    assert source_op.identifier == "git://h/o/r.git#refs/heads/b:s"
    assert source_op.attrs == {
        "git.fullurl": "git@h:o/r.git",
        "git.authheadersecret": "GIT_AUTH_HEADER",
        "git.authtokensecret": "GIT_AUTH_TOKEN",
        "git.keepgitdir": "true",
        "git.skipsubmodules": "true",
        "git.mountsshsock": "default",
    }


async def test_an_epoch_dates_directories_and_history() -> None:
    options = replace(HOST, build_args={"SOURCE_DATE_EPOCH": "1700000000"})
    result = await made("FROM a\nWORKDIR /x\nCOPY y /z\n", options)
    actions = [
        action.action
        for v in graph(result).vertices.values()
        if isinstance(v.spec.op, ops.FileOp)
        for action in v.spec.op.actions
    ]
    # What is copied keeps its time: an exporter may rewrite it.
    times = {type(a): getattr(a, "timestamp", None) for a in actions}
    assert times == {ops.MkDir: 1_700_000_000 * 10**9, ops.Copy: -1}
    assert {h["created"] for h in result.config["history"]} == {"2023-11-14T22:13:20Z"}


class Times:
    async def time_of(self, source: ops.SourceOp) -> int | None:
        return {"https://h/a.tar": 5, "git://h/r.git#v1": 7}.get(source.identifier)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("src", 5), ("SRC", None), ("dir", None), ("git", 7), ("context", None), ("-5", -5)],
)
async def test_an_epoch_may_be_the_name_of_what_has_a_time(name: str, seconds: int | None) -> None:
    options = replace(
        HOST,
        build_args={"SOURCE_DATE_EPOCH": name},
        named_contexts={"dir": "local:dir", "git": "https://h/r.git#v1"},
        times=Times(),
    )
    source = (
        "FROM scratch AS src\nARG F=a\nADD https://h/$F.tar /\n"
        "FROM a\nARG SOURCE_DATE_EPOCH\nENV x=$SOURCE_DATE_EPOCH\n"
    )
    if name == "SRC":
        with pytest.raises(DockerfileError, match="invalid context name SRC: invalid reference"):
            await made(source, options)
        return
    result = await made(source, options)
    assert result.epoch == seconds
    env = result.config["config"]["Env"]
    assert env[-1] == ("x=" if seconds is None else f"x={seconds}")


async def test_the_time_of_a_source_that_none_can_be_asked_for_is_refused() -> None:
    options = replace(HOST, build_args={"SOURCE_DATE_EPOCH": "src"})
    with pytest.raises(DockerfileError, match="the time of https://h/a cannot be asked for"):
        await made("FROM scratch AS src\nADD https://h/a /\nFROM a", options)


@pytest.mark.parametrize("text", ["yesterday", "999999999999", "1e3"])
async def test_an_epoch_that_is_no_time_is_refused(text: str) -> None:
    options = replace(HOST, build_args={"SOURCE_DATE_EPOCH": text})
    with pytest.raises(DockerfileError, match="invalid SOURCE_DATE_EPOCH"):
        await made("FROM a\nENV x=1\n", options)


async def test_labels_of_the_command_line_leave_no_history() -> None:
    result = await made("FROM a\nLABEL b=1\n", replace(HOST, labels={"a": "2", "b": "3"}))
    assert result.config["config"]["Labels"] == {"a": "2", "b": "3"}
    assert created_by(result) == ["LABEL b=1"]


INHERITED = "Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s"


async def test_the_other_instructions_write_the_history_of_buildkit() -> None:
    source = "FROM a\nMAINTAINER me\nUSER $u:1\nEXPOSE 9-8/TCP\n"
    with pytest.raises(DockerfileError, match="invalid containerPort: 9-8"):
        await made(source)
    source = (
        'FROM a\nMAINTAINER me\nEXPOSE 8-9/UDP 7 127.0.0.1:80:70\nVOLUME ["/a","/b"]\n'
        'SHELL ["/s","-c"]\nCMD x "y"\nHEALTHCHECK NONE\nARG N\nARG M=1 O\nWORKDIR /\n'
    )
    result = await made(source)
    assert created_by(result) == [
        "MAINTAINER me",
        "EXPOSE [70/tcp 7/tcp 8/udp 9/udp]",
        "VOLUME [/a /b]",
        "SHELL [/s -c]",
        'CMD ["/s" "-c" "x \\"y\\""]',
        f"HEALTHCHECK {{Test:[NONE] {INHERITED} Retries:0}}",
        "ARG N",
        "ARG M=1 O",
        "WORKDIR /",
    ]
    assert result.config["author"] == "me"
    assert result.config["config"]["ExposedPorts"] == {
        "70/tcp": {},
        "7/tcp": {},
        "8/udp": {},
        "9/udp": {},
    }


async def test_text_that_no_graph_can_hold_is_an_error_of_the_file() -> None:
    with pytest.raises(DockerfileError, match="failed to marshal LLB definition"):
        await convert(b"FROM a\nRUN \xff\n", "Dockerfile", HOST, Registry())


async def test_a_base_config_that_is_none_is_an_error_of_its_line() -> None:
    registry = Registry(a={"config": {"Env": [1]}})
    with pytest.raises(
        DockerfileError, match=r"number into .*config.Env.0 of type string"
    ) as caught:
        await made("FROM a\n", registry=registry)
    assert [r.start for r in caught.value.ranges] == [1]


async def test_the_same_file_gives_the_same_bytes() -> None:
    source = "FROM a AS x\nRUN 1\nFROM b\nCOPY --from=x /a /b\nRUN --mount=from=c,target=/t 2\n"
    first, second = await made(source), await made(source)
    assert first.definition.encode() == second.definition.encode()


PIECES = st.sampled_from(
    (
        *("FROM a\n", "FROM a AS x\n", "FROM x\n", "ARG v=1\n", "ENV v=2 w=$v\n", "RUN echo $v\n"),
        *("COPY a /b\n", "COPY --from=x a b/\n", "ADD http://h/f /\n", "WORKDIR w\n", "USER 1:2\n"),
        *(
            "COPY --link a /\n",
            "RUN --mount=type=cache,target=/c x\n",
            "ONBUILD RUN y\n",
            "CMD z\n",
        ),
        *("EXPOSE 1-3\n", "COPY <<E /\n$v\nE\n", "HEALTHCHECK CMD x\n", "COPY --from=0 a b\n"),
    )
)


@given(st.lists(PIECES, max_size=12).map("".join))
async def test_any_file_converts_to_a_sound_graph_or_is_refused(source: str) -> None:
    with suppress(DockerfileError):
        result = await made(source)
        if result.definition.def_:
            for vertex in graph(result).vertices.values():
                assert isinstance(vertex, LLBVertex)
                assert wire.decode(ops.Op, wire.encode(vertex.spec)) == vertex.spec
