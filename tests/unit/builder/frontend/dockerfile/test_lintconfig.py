"""Which rules of the linter speak."""

from __future__ import annotations

import pytest

from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.lintconfig import LintConfig, asked_for, written_in


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("", ()),
        ("skip=FromAsCasing, UndefinedVar", ("FromAsCasing", "UndefinedVar")),
        ("skip=all", ("FromAsCasing", "UndefinedVar", "StageNameCasing")),
        ("skip=all,FromAsCasing", ("FromAsCasing",)),
        ("skip=FromAsCasing;skip=UndefinedVar", ("UndefinedVar",)),
        ("skip=all;skip=UndefinedVar", ("FromAsCasing", "UndefinedVar", "StageNameCasing")),
    ],
)
def test_skipped_rules_are_silent(text: str, silent: tuple[str, ...]) -> None:
    config = LintConfig.parse(text)
    rules = ("FromAsCasing", "UndefinedVar", "StageNameCasing")
    assert tuple(filter(config.silences, rules)) == silent


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("", True),
        ("skip=all", True),
        ("experimental=all", False),
        ("skip=InvalidDefinitionDescription;experimental=InvalidDefinitionDescription", False),
    ],
)
def test_an_experimental_rule_speaks_where_it_is_asked_to(text: str, silent: bool) -> None:
    assert LintConfig.parse(text).silences("InvalidDefinitionDescription") is silent


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("skip", 'invalid check option "skip"'),
        ("skip=A;", 'invalid check option ""'),
        ("a=b", 'invalid check option "a"'),
        ("skip=A;skip=B;error=true;skip=C", 'failed to parse check option "error=true;skip=C"'),
        ("error=yes", 'failed to parse check option "error=yes": strconv.ParseBool: parsing "yes"'),
    ],
)
def test_a_wrong_option_is_refused(text: str, why: str) -> None:
    with pytest.raises(DockerfileError) as refused:
        LintConfig.parse(text)
    assert str(refused.value).startswith(why)


def test_the_first_check_above_an_instruction_counts_up_to_a_space() -> None:
    config = LintConfig.parse("error=true")
    comments = ["a remark", "Check = skip=A because", "check=skip=UndefinedVar"]
    above = config.above(comments)
    assert above.error
    assert above.skip == {"A"}


def test_a_wrong_check_above_an_instruction_counts_for_nothing() -> None:
    config = LintConfig()
    assert config.above(["check=nonsense", "check=skip=all"]) is config


def test_the_build_argument_and_the_file_say_where_they_are_wrong() -> None:
    with pytest.raises(DockerfileError, match="failed to parse build-arg:BUILDKIT_DOCKERFILE_CHEC"):
        asked_for({"BUILDKIT_DOCKERFILE_CHECK": "x"})
    with pytest.raises(DockerfileError, match="failed to parse check options: invalid"):
        written_in(b"# syntax=x\n# check=x\nFROM a\n")
    assert asked_for({}) is None
    assert written_in(b"FROM a\n# check=x\n") == LintConfig()
