"""Conversion: what is pruned, named, inherited, refused, and asked of registries."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import BuilderError
from builder.frontend.dockerfile import (
    BaseImageError,
    Conversion,
    ConvertOptions,
    DockerfileError,
    ResolvedImage,
    convert,
    parse,
    references,
)
from builder.llb import ops, wire
from builder.llb.graph import Graph, LLBVertex, load
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
HOST = ConvertOptions(build_platforms=(AMD64,))


class Registry:
    """Images by familiar name; the default is an amd64 image with one layer."""

    def __init__(self, **configs: dict[str, Any]) -> None:
        self.configs = configs
        self.asked: list[str] = []
        self.platforms: list[str] = []
        self.names: list[str] = []
        self.delay = 0.0

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        name = reference.familiar().removesuffix(":latest")
        self.asked.append(name)
        self.platforms.append(str(platform))
        self.names.append(log_name)
        await asyncio.sleep(self.delay)
        if name == "gone":
            raise BuilderError(f"{reference}: not found")
        config = {
            "os": platform.os,
            "architecture": platform.architecture,
            "rootfs": {"type": "layers", "diff_ids": [Digest.of(name.encode())]},
            "config": {},
            **self.configs.get(name, {}),
        }
        return ResolvedImage(reference, Digest.of(name.encode()), json.dumps(config).encode())


async def made(
    source: str, options: ConvertOptions = HOST, registry: Registry | None = None
) -> Conversion:
    return await convert(source.encode(), "Dockerfile", options, registry or Registry())


def graph(result: Conversion) -> Graph:
    return load(result.definition)


def names(result: Conversion) -> list[str]:
    return [vertex.name for vertex in graph(result).vertices.values()]


def execs(result: Conversion) -> list[ops.ExecOp]:
    found = [vertex.spec.op for vertex in graph(result).vertices.values()]
    return [op for op in found if isinstance(op, ops.ExecOp)]


def env_of(result: Conversion, number: int = -1) -> dict[str, str]:
    meta = execs(result)[number].meta
    assert meta is not None
    return dict(item.split("=", 1) for item in meta.env)


def created_by(result: Conversion) -> list[str]:
    return [entry["created_by"] for entry in result.config["history"]]


# --- stages --------------------------------------------------------------------------------


async def test_stages_that_the_target_does_not_need_are_never_asked_for() -> None:
    registry = Registry()
    source = "FROM gone AS unused\nRUN false\nFROM a AS used\nRUN 1\nFROM gone\nRUN 2\n"
    result = await made(source, replace(HOST, target="USED"), registry)
    assert registry.asked == ["a"]
    assert [stage.name for stage in result.stages] == ["used"]


async def test_images_are_asked_for_at_the_same_time_and_once_each() -> None:
    registry = Registry()
    registry.delay = 0.05
    stages = "".join(f"FROM i{n % 10} AS s{n}\n" for n in range(20))
    copies = "".join(f"COPY --from=s{n} /a /{n}\n" for n in range(20))
    started = time.monotonic()
    await made(f"{stages}FROM scratch\n{copies}", registry=registry)
    assert sorted(registry.asked) == sorted(f"i{n}" for n in range(10))
    assert time.monotonic() - started < 0.4


async def test_a_failed_image_is_told_with_its_line_and_cause() -> None:
    with pytest.raises(BaseImageError) as caught:
        await made("FROM a AS x\nFROM gone AS y\nCOPY --from=x / /\n")
    error = caught.value
    assert str(error) == (
        "gone: failed to resolve source metadata for docker.io/library/gone:latest: "
        "docker.io/library/gone:latest: not found"
    )
    assert error.reference == "docker.io/library/gone:latest"
    assert [r.start for r in error.ranges] == [2]
    assert isinstance(error.__cause__, BuilderError)


async def test_a_near_miss_of_a_stage_name_is_suggested() -> None:
    class Nothing(Registry):
        async def resolve_image_config(self, *args: Any, **named: Any) -> ResolvedImage:
            raise BuilderError("not found")

    with pytest.raises(BaseImageError, match=r"\(did you mean builder\?\)"):
        await made("FROM scratch AS builder\nFROM biulder\n", registry=Nothing())


async def test_a_stage_may_be_named_by_number() -> None:
    result = await made("FROM a\nRUN 1\nFROM b\nCOPY --from=0 /x /x\n")
    assert "[stage-1 2/2] COPY --from=0 /x /x" in names(result)


LOOP = "FROM a AS x\nCOPY --from=z a b\nFROM a AS y\nCOPY --from=x a b\n"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("FROM a AS x\nCOPY --from=x a b", "circular dependency detected on stage: x"),
        (
            f"{LOOP}FROM a AS z\nCOPY --from=y a b\n",
            "circular dependency detected on stage: x",
        ),
        ("FROM a\nCOPY --from=3 a b", "invalid stage index 3"),
        ("FROM a\nCOPY --from=-1 a b", "invalid stage index -1"),
        ("FROM a\nCOPY --from=+-1 a b", "failed to parse stage name"),
        ("FROM a AS x\nCOPY --from=y a b\nFROM a AS y\nFROM x", "it needs to be defined before"),
        ("FROM a\nCOPY --from=$S a b", "variable expansion is not supported for --from"),
        ("FROM A:b:c", "failed to parse stage name"),
        ("ARG X\nFROM $X", "base name ($X) should not be blank"),
        ("FROM --platform=$NO a", "empty platform value from expression $NO"),
        ("FROM --platform=foo/bar/a/b a", "failed to parse platform foo/bar/a/b"),
        ("FROM a\nCOPY --chmod=99999 a b", "invalid chmod parameter: '99999'"),
        ("FROM a\nCOPY http://x/y z", "source can't be a URL for COPY"),
        ("FROM a\nCOPY https://x/y.git z", "source can't be a git ref for COPY"),
        ("FROM a\nADD --checksum=x a b", "checksum requires HTTP(S) or Git sources"),
        ("FROM a\nADD --checksum=x http://a/b http://a/c d/", "for multiple sources"),
        ("FROM a\nADD https://x/y.git?foo=1 z", 'unexpected query "foo"'),
        ("FROM a\nRUN --mount=target=/ x", 'invalid mount target "/"'),
        ("FROM a\nRUN --mount=type=cache,target=/x,size=1 y", "unexpected key 'size'"),
        ("FROM a\nRUN --mount=type=ssh,source=a y", "ssh does not support source"),
        ("FROM a\nRUN --mount=type=bind,target=/x,foo y", "must be a key=value pair"),
        ("FROM a\nRUN --mount=type=bind,target=/x,uid=1 y", 'uid not allowed for "bind"'),
        ("FROM a\nRUN []", "arguments are required"),
        ("FROM a\nEXPOSE 70000", "invalid containerPort: 70000"),
        ("FROM a\nVOLUME $no", "VOLUME specified can not be an empty string"),
        ("FROM a\nSTOPSIGNAL SIGFOO", "invalid signal: SIGFOO"),
        ('FROM a\nENV x="${y:?is needed}"', "y: is needed"),
    ],
)
async def test_what_cannot_be_built_is_refused_in_buildkits_words(
    source: str, message: str
) -> None:
    with pytest.raises(DockerfileError) as caught:
        await made(source)
    assert message in str(caught.value)
    assert caught.value.ranges


async def test_an_unknown_target_suggests_the_nearest() -> None:
    with pytest.raises(DockerfileError, match=r'"biuld" could not be found \(did you mean build'):
        await made("FROM a AS build\n", replace(HOST, target="biuld"))


async def test_a_thousand_stages_convert_quickly() -> None:
    chain = "FROM a AS s0\n" + "".join(
        f"FROM s{n} AS s{n + 1}\nRUN {n}\nENV A{n % 9}=1\n" for n in range(1000)
    )
    started = time.monotonic()
    result = await made(chain)
    assert time.monotonic() - started < 3
    assert len(execs(result)) == 1000


# --- variables -----------------------------------------------------------------------------


async def test_a_global_arg_is_seen_in_from_and_after_declaring_it_again() -> None:
    source = "ARG V=1\nFROM a:$V\nRUN x\nARG V\nRUN y\n"
    registry = Registry()
    result = await made(source, registry=registry)
    assert registry.asked == ["a:1"]
    assert ["V" in env_of(result, n) for n in (0, 1)] == [False, True]


async def test_a_build_arg_beats_the_default_and_an_env_after_it_beats_both() -> None:
    source = "FROM a\nARG V=1\nRUN x\nENV V=3\nRUN y\nARG V=4\nRUN z\n"
    options = replace(HOST, build_args={"V": "2"})
    result = await made(source, options)
    assert [env_of(result, n)["V"] for n in (0, 1, 2)] == ["2", "3", "2"]
    assert result.config["config"]["Env"][-1] == "V=3"


async def test_args_of_a_stage_reach_the_stages_built_from_it() -> None:
    result = await made("FROM a AS x\nARG V=1\nFROM x\nRUN echo $V\n")
    assert env_of(result)["V"] == "1"
    assert created_by(result)[-1] == "RUN |1 V=1 /bin/sh -c echo $V # buildkit"


async def test_an_env_instruction_sees_what_was_set_before_it_only() -> None:
    result = await made("FROM a\nENV a=1\nENV a=2 b=$a\nRUN x\n")
    assert env_of(result)["b"] == "1"


async def test_the_last_assignment_decides_the_order_for_run_the_first_for_the_image() -> None:
    result = await made("FROM a\nENV a=1\nENV b=1\nENV a=2\nRUN x\n")
    assert list(env_of(result))[-2:] == ["b", "a"]
    assert result.config["config"]["Env"][-2:] == ["a=2", "b=1"]


async def test_platform_args_need_a_declaration_in_the_stage() -> None:
    options = replace(HOST, target_platform=ARM64)
    source = "FROM --platform=$BUILDPLATFORM a\nRUN x\nARG TARGETARCH BUILDPLATFORM\nRUN y\n"
    result = await made(source, options)
    assert "TARGETARCH" not in env_of(result, 0)
    assert env_of(result)["TARGETARCH"] == "arm64"
    assert env_of(result)["BUILDPLATFORM"] == "linux/amd64"


async def test_proxy_arguments_reach_run_but_neither_its_environment_nor_history() -> None:
    options = replace(HOST, build_args={"http_proxy": "p", "NO_PROXY": "n"})
    result = await made("FROM a\nRUN x\n", options)
    (op,) = execs(result)
    assert op.meta is not None
    assert op.meta.proxy_env == ops.ProxyEnv(http_proxy="p", no_proxy="n")
    assert "http_proxy" not in env_of(result)
    assert created_by(result) == ["RUN /bin/sh -c x # buildkit"]


# --- platforms -----------------------------------------------------------------------------


async def test_names_tell_the_platforms_of_a_cross_build() -> None:
    registry = Registry()
    options = replace(HOST, target_platform=ARM64, multi_platform=True)
    source = (
        "FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETPLATFORM\nRUN x\n"
        "FROM c\nCOPY --from=b / /\n"
    )
    result = await made(source, options, registry)
    assert "[linux/amd64->arm64 b 2/2] RUN x" in names(result)
    assert "[linux/arm64 stage-1 2/2] COPY --from=b / /" in names(result)
    assert registry.names[0] == (
        "[linux/amd64 internal] load metadata for docker.io/library/a:latest"
    )
    assert registry.platforms == ["linux/amd64", "linux/arm64"]
    assert result.config["architecture"] == "arm64"


async def test_an_explicit_platform_is_written_into_the_config_whatever_the_base_says() -> None:
    registry = Registry(a={"architecture": "amd64", "os": "linux"})
    result = await made("FROM a\n", replace(HOST, target_platform=ARM64), registry)
    assert result.config["architecture"] == "arm64"
    assert [w.rule for w in result.warnings] == ["InvalidBaseImagePlatform"]


# --- base images ---------------------------------------------------------------------------


async def test_the_base_config_is_inherited_and_its_path_completed() -> None:
    config = {"User": "u", "WorkingDir": "/w/", "Env": ["A=1"], "Cmd": ["c"], "Labels": {"l": "1"}}
    registry = Registry(a={"config": config})
    result = await made('FROM a\nRUN x\nENTRYPOINT ["e"]\n', registry=registry)
    (op,) = execs(result)
    assert op.meta is not None
    assert (op.meta.user, op.meta.cwd) == ("u", "/w/")
    assert list(env_of(result)) == ["A", "PATH"]
    assert "Cmd" not in result.config["config"]
    assert result.config["config"]["Labels"] == {"l": "1"}
    assert result.base_config is not None
    assert result.base_config["config"]["Cmd"] == ["c"]


async def test_a_base_without_layers_is_scratch() -> None:
    registry = Registry(a={"rootfs": {"type": "layers", "diff_ids": []}})
    result = await made("FROM a\nCOPY x /\n", registry=registry)
    assert names(result) == ["[internal] load build context", "[1/2] COPY x /"]


async def test_triggers_of_the_base_run_first_and_may_need_more_images() -> None:
    triggers = ["COPY --from=extra /a /b", "RUN echo $V", "ENV T=1"]
    registry = Registry(a={"config": {"OnBuild": triggers}})
    result = await made("FROM a\nRUN own\n", registry=registry)
    assert registry.asked == ["a", "extra"]
    shown = [n for n in names(result) if not n.startswith("FROM")]
    assert shown[1:] == [
        "[2/5] ONBUILD COPY --from=extra /a /b",
        "[3/5] ONBUILD RUN echo $V",
        "[4/5] RUN own",
    ]
    assert env_of(result)["T"] == "1"
    assert "OnBuild" not in result.config["config"]


async def test_triggers_of_a_stage_run_in_the_stage_built_from_it() -> None:
    result = await made("FROM a AS x\nONBUILD RUN t\nRUN 1\nFROM x\nRUN 2\n")
    assert [n for n in names(result) if "RUN" in n] == [
        "[x 2/2] RUN 1",
        "[stage-1 1/2] ONBUILD RUN t",
        "[stage-1 2/2] RUN 2",
    ]
    assert "OnBuild" not in result.config["config"]


async def test_a_scratch_result_has_no_ops_and_a_config() -> None:
    result = await made("FROM scratch\nENV a=1\n")
    assert result.definition.def_ == ()
    assert result.config["config"] == {
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "a=1"],
        "WorkingDir": "/",
    }


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
        session="s",
    )
    registry = Registry()
    source = (
        "FROM gone AS st\nRUN never\nFROM a\nCOPY --from=st /x /y\n"
        "COPY --from=src / /src\nCOPY --from=f / /f\n"
    )
    result = await made(source, options, registry)
    assert registry.asked == ["other:1"]
    assert registry.names == ["[context a] load metadata for docker.io/library/other:1"]
    assert context_of(result, "st") == {
        "local.session": "s",
        "local.followpaths": '["x"]',
        "local.excludepatterns": '["*.o"]',
        "local.sharedkeyhint": "context:st-st",
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


async def test_an_epoch_dates_files_and_history() -> None:
    options = replace(HOST, build_args={"SOURCE_DATE_EPOCH": "1700000000"})
    result = await made("FROM a\nWORKDIR /x\nCOPY y /z\n", options)
    actions = [
        action.action
        for v in graph(result).vertices.values()
        if isinstance(v.spec.op, ops.FileOp)
        for action in v.spec.op.actions
    ]
    assert [getattr(a, "timestamp", None) for a in actions] == [1_700_000_000 * 10**9] * 2
    assert {h["created"] for h in result.config["history"]} == {"2023-11-14T22:13:20Z"}


@pytest.mark.parametrize("text", ["context", "-1", "999999999999", "1e3"])
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
    with pytest.raises(DockerfileError, match="cannot be encoded"):
        await convert(b"FROM a\nRUN \xff\n", "Dockerfile", HOST, Registry())


async def test_a_base_config_that_is_none_is_an_error_of_its_line() -> None:
    registry = Registry(a={"config": {"Env": [1]}})
    with pytest.raises(DockerfileError, match="Env has the wrong type") as caught:
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
