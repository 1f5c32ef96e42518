"""The rules of the Dockerfile linter: what each is about, and where it is documented."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from builder.events import SourceRange

_DOCS = "https://docs.docker.com/go/dockerfile/rule/"


class Rule(Struct, frozen=True):
    """``page`` is the last part of the documentation's address; empty where there is none.

    An ``experimental`` rule is silent until ``experimental=`` names it.
    """

    description: str
    page: str
    experimental: bool = False

    @property
    def url(self) -> str:
        return f"{_DOCS}{self.page}/" if self.page else ""


class Remark(Struct, frozen=True):
    """``comments`` above the instruction may silence it; empty where nothing above can."""

    rule: str
    message: str
    ranges: tuple[SourceRange, ...]
    comments: tuple[str, ...] = ()


RULES: Mapping[str, Rule] = {
    "StageNameCasing": Rule("Stage names should be lowercase", "stage-name-casing"),
    "FromAsCasing": Rule(
        "The 'as' keyword should match the case of the 'from' keyword", "from-as-casing"
    ),
    "NoEmptyContinuation": Rule(
        "Empty continuation lines will become errors in a future release", "no-empty-continuation"
    ),
    "ConsistentInstructionCasing": Rule(
        "All commands within the Dockerfile should use the same casing (either upper or lower)",
        "consistent-instruction-casing",
    ),
    "DuplicateStageName": Rule("Stage names should be unique", "duplicate-stage-name"),
    "ReservedStageName": Rule(
        "Reserved words should not be used as stage names", "reserved-stage-name"
    ),
    "JSONArgsRecommended": Rule(
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to "
        "OS signals",
        "json-args-recommended",
    ),
    "MaintainerDeprecated": Rule(
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
        "maintainer-deprecated",
    ),
    "UndefinedArgInFrom": Rule("FROM command must use declared ARGs", "undefined-arg-in-from"),
    "WorkdirRelativePath": Rule(
        "Relative workdir without an absolute workdir declared within the build can have "
        "unexpected results if the base image changes",
        "workdir-relative-path",
    ),
    "UndefinedVar": Rule("Variables should be defined before their use", "undefined-var"),
    "MultipleInstructionsDisallowed": Rule(
        "Multiple instructions of the same type should not be used in the same stage",
        "multiple-instructions-disallowed",
    ),
    "LegacyKeyValueFormat": Rule(
        "Legacy key/value format with whitespace separator should not be used",
        "legacy-key-value-format",
    ),
    "InvalidBaseImagePlatform": Rule(
        "Base image platform does not match expected target platform", ""
    ),
    "RedundantTargetPlatform": Rule(
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the "
        "default behavior",
        "redundant-target-platform",
    ),
    "SecretsUsedInArgOrEnv": Rule(
        "Sensitive data should not be used in the ARG or ENV commands", "secrets-used-in-arg-or-env"
    ),
    "InvalidDefaultArgInFrom": Rule(
        "Default value for global ARG results in an empty or invalid base image name",
        "invalid-default-arg-in-from",
    ),
    "FromPlatformFlagConstDisallowed": Rule(
        "FROM --platform flag should not use a constant value",
        "from-platform-flag-const-disallowed",
    ),
    "CopyIgnoredFile": Rule(
        "Attempting to Copy file that is excluded by .dockerignore", "copy-ignored-file"
    ),
    "InvalidDefinitionDescription": Rule(
        "Comment for build stage or argument should follow the format: `# <arg/stage name> "
        "<description>`. If this is not intended to be a description comment, add an empty line "
        "or comment between the instruction and the comment.",
        "invalid-definition-description",
        experimental=True,
    ),
    "ExposeProtoCasing": Rule(
        "Protocol in EXPOSE instruction should be lowercase", "expose-proto-casing"
    ),
    "ExposeInvalidFormat": Rule(
        "IP address and host-port mapping should not be used in EXPOSE instruction. This will "
        "become an error in a future release",
        "expose-invalid-format",
    ),
}
"""By name; the descriptions are BuildKit's (frontend 1.26), as its JSON has them."""
