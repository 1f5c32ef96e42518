"""Conversion: stages, variables, platforms, base images."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.frontend.dockerfile import (
    BaseImageError,
    DockerfileError,
    ResolvedImage,
)
from builder.llb import ops
from tests.fixtures.conversion import (
    ARM64,
    HOST,
    Registry,
    created_by,
    env_of,
    execs,
    made,
    names,
)

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
        ("FROM a\nCOPY --from=+-1 a b", "failed to parse stage name"),
        ("FROM a AS x\nCOPY --from=y a b\nFROM a AS y\nFROM x", "it needs to be defined before"),
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


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("FROM a\nCOPY --from=3 a b", "invalid stage index 3"),
        ("FROM a\nCOPY --from=-1 a b", "invalid stage index -1"),
        ("FROM a\nCOPY --from=$S a b", "variable expansion is not supported for --from"),
    ],
)
async def test_what_is_refused_while_stages_are_linked_has_no_lines(
    source: str, message: str
) -> None:
    with pytest.raises(DockerfileError) as caught:
        await made(source)
    assert message in str(caught.value)
    assert not caught.value.ranges


async def test_a_command_of_no_words_is_refused_where_the_graph_is_written() -> None:
    with pytest.raises(DockerfileError, match=r"failed to marshal LLB.*arguments are required"):
        await made("FROM a\nRUN []")


async def test_an_unknown_target_suggests_the_nearest() -> None:
    with pytest.raises(DockerfileError, match=r'"biuld" could not be found \(did you mean build'):
        await made("FROM a AS build\n", replace(HOST, target="biuld"))


async def test_a_thousand_stages_convert_quickly() -> None:
    chain = "FROM a AS s0\n" + "".join(
        f"FROM s{n} AS s{n + 1}\nRUN {n}\nENV A{n % 9}=1\n" for n in range(1000)
    )
    started = time.process_time()
    result = await made(chain)
    assert time.process_time() - started < 3
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
