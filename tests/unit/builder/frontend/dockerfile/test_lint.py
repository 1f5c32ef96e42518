"""Warnings: the executed ones, each rule's firing and its silence, and how to hush them."""

from __future__ import annotations

import json

import pytest

from builder.frontend.dockerfile import (
    Conversion,
    ConvertOptions,
    DockerfileError,
    ResolvedImage,
    convert,
)
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference

HOST = ConvertOptions(build_platforms=(Platform("linux", "amd64"),))


class Registry:
    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        config = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["x"]}}
        return ResolvedImage(reference, Digest.of(b""), json.dumps(config).encode())


async def linted(source: str, options: ConvertOptions = HOST) -> Conversion:
    return await convert(source.encode(), "Dockerfile", options, Registry())


async def rules(source: str) -> list[str]:
    return [warning.rule for warning in (await linted(source)).warnings]


async def test_the_executed_warnings_are_reproduced() -> None:
    source = "from busybox As x\nENV a b\nENTRYPOINT foo\nRUN true\n"
    assert "\n".join(str(w) for w in (await linted(source)).warnings) == (
        "FromAsCasing: 'As' and 'from' keywords' casing do not match (line 1)\n"
        "ConsistentInstructionCasing: Command 'from' should match the case of the command "
        "majority (uppercase) (line 1)\n"
        'LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy '
        '"ENV key value" format (line 2)\n'
        "JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended "
        "behavior related to OS signals (line 3)"
    )


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("FROM a AS Xx\n", "StageNameCasing"),
        ("FROM a as x\n", "FromAsCasing"),
        ("FROM a\nRUN x \\\n\n y\n", "NoEmptyContinuation"),
        ("FROM a\nRun x\n", "ConsistentInstructionCasing"),
        ("FROM a AS x\nFROM b AS x\n", "DuplicateStageName"),
        ("FROM a AS context\n", "ReservedStageName"),
        ("FROM a\nCMD x\n", "JSONArgsRecommended"),
        ("FROM a\nMAINTAINER x\n", "MaintainerDeprecated"),
        ("ARG T=1\nFROM a:${T}${U}\n", "UndefinedArgInFrom"),
        ("FROM a\nWORKDIR x\n", "WorkdirRelativePath"),
        ("FROM a\nENV x=$y\n", "UndefinedVar"),
        ('FROM a\nCMD ["x"]\nCMD ["y"]\n', "MultipleInstructionsDisallowed"),
        ("FROM a\nLABEL x y\n", "LegacyKeyValueFormat"),
        ("FROM --platform=$TARGETPLATFORM a\n", "RedundantTargetPlatform"),
        ("FROM a\nARG MY_TOKEN\n", "SecretsUsedInArgOrEnv"),
        ("FROM --platform=linux/amd64 a\n", "FromPlatformFlagConstDisallowed"),
        ("FROM a\nEXPOSE 80/TCP\n", "ExposeProtoCasing"),
        ("FROM a\nEXPOSE 1:80\n", "ExposeInvalidFormat"),
    ],
)
async def test_a_rule_speaks_where_it_should(source: str, rule: str) -> None:
    assert await rules(source) == [rule]


async def test_a_default_that_makes_no_image_name_is_remarked_on() -> None:
    options = ConvertOptions(build_platforms=HOST.build_platforms, build_args={"T": "1"})
    result = await linted("ARG T\nFROM a:$T\n", options)
    assert [w.rule for w in result.warnings] == ["InvalidDefaultArgInFrom"]


@pytest.mark.parametrize(
    "source",
    [
        "from a as x\nrun y\n",
        "FROM a AS x\nFROM x AS y\n",
        'FROM a\nSHELL ["/s"]\nCMD x\n',
        "FROM a\nWORKDIR /x\nWORKDIR y\n",
        "FROM a\nARG y\nENV x=$y z=${w:-1}\n".replace("${w:-1}", "1"),
        "FROM --platform=$BUILDPLATFORM a\n",
        "FROM --platform=linux/amd64 a AS on-amd64\n",
        "FROM a\nARG PUBLIC_KEY TOKEN_FILE\n",
        "FROM a\nRUN echo $y\n",
    ],
)
async def test_rules_are_silent_where_all_is_well(source: str) -> None:
    assert await rules(source) == []


async def test_rules_are_skipped_for_the_file_or_for_one_instruction() -> None:
    assert await rules("# check=skip=MaintainerDeprecated\nFROM a\nMAINTAINER x\n") == []
    assert await rules("# check=skip=all\nFROM a as x\nMAINTAINER x\n") == []
    source = "FROM a\n# check=skip=MaintainerDeprecated\nMAINTAINER x\nMAINTAINER y\n"
    assert await rules(source) == ["MaintainerDeprecated"]


async def test_warnings_are_an_error_where_the_file_says_so() -> None:
    with pytest.raises(DockerfileError) as caught:
        await linted("# check=error=true\nFROM a as x\nMAINTAINER x\n")
    assert str(caught.value) == (
        "lint violation found for rules: FromAsCasing, MaintainerDeprecated"
    )


async def test_a_build_argument_overrides_the_directive() -> None:
    args = {"BUILDKIT_DOCKERFILE_CHECK": "skip=all"}
    options = ConvertOptions(build_platforms=HOST.build_platforms, build_args=args)
    result = await linted("# check=error=true\nFROM a as x\n", options)
    assert result.warnings == ()


async def test_a_suggestion_follows_an_undefined_variable() -> None:
    (warning,) = (await linted("FROM a\nENV FOOO=1\nENV x=$FOO\n")).warnings
    assert warning.message == "Usage of undefined variable '$FOO' (did you mean $FOOO?)"
    assert warning.url == "https://docs.docker.com/go/dockerfile/rule/undefined-var/"
