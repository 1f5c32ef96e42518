"""The Dockerfile linter: warnings as values, with BuildKit's rule names and texts.

Which rules speak is set by ``# check=skip=...;error=true`` at the top of the file or above an
instruction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from builder.events import SourceRange
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.options import LintWarning
from builder.frontend.dockerfile.shell import Expansion, Lexer
from builder.frontend.dockerfile.suggest import suggestion
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.platform import InvalidPlatform
from builder.oci.reference import InvalidReference

_SECRET_TOKENS = frozenset(
    {"apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd"}
    | {"secret", "token"}
)
_PUBLIC_TOKENS = frozenset({"public", "file", "version"})
_COMMENT_CHECK = re.compile(r"check\s*=\s*(.+)", re.IGNORECASE)
_RESERVED_STAGES = ("context", "scratch")


@dataclass(frozen=True, slots=True)
class LintConfig:
    """What ``check=`` says."""

    skip: frozenset[str] = frozenset()
    skip_all: bool = False
    error: bool = False

    @classmethod
    def parse(cls, text: str) -> LintConfig:
        """``skip=A,B;error=true;experimental=C``. Raises DockerfileError."""
        skip: set[str] = set()
        error = False
        for option in filter(None, (part.strip() for part in text.split(";"))):
            key, equals, value = option.partition("=")
            if not equals:
                raise DockerfileError(
                    f'failed to parse check options: invalid check option "{option}"'
                )
            if key.strip() == "skip":
                skip.update(rule.strip() for rule in value.split(","))
            elif key.strip() == "error":
                error = value.strip().lower() in ("1", "t", "true")
            elif key.strip() != "experimental":
                raise DockerfileError(
                    f'failed to parse check options: invalid check option "{key.strip()}"'
                )
        return cls(frozenset(skip), "all" in skip, error)


@dataclass(slots=True)
class Linter:
    """Collects warnings. Copies made by ``with_comments`` share the collection."""

    config: LintConfig = field(default_factory=LintConfig)
    warnings: list[LintWarning] = field(default_factory=list)
    tell: Callable[[LintWarning], None] | None = None
    """Hears each warning as it is found."""

    def with_comments(self, comments: Iterable[str]) -> Linter:
        """This linter as the comments above an instruction change it."""
        skipped: set[str] = set()
        for comment in comments:
            match = _COMMENT_CHECK.fullmatch(comment)
            if match is not None:
                skipped |= LintConfig.parse(match[1]).skip
        if not skipped:
            return self
        config = LintConfig(
            self.config.skip | skipped,
            self.config.skip_all or "all" in skipped,
            self.config.error,
        )
        return Linter(config, self.warnings, self.tell)

    def warn(self, rule: str, message: str, ranges: tuple[SourceRange, ...]) -> None:
        if not self.config.skip_all and rule not in self.config.skip:
            self.warnings.append(LintWarning(rule, message, ranges))
            if self.tell is not None:
                self.tell(self.warnings[-1])

    def raise_if_asked(self) -> None:
        """``error=true``: warnings become one error."""
        if self.config.error and self.warnings:
            rules = ", ".join(sorted({warning.rule for warning in self.warnings}))
            raise DockerfileError(
                f"lint violation found for rules: {rules}", ranges=self.warnings[0].ranges
            )

    # --- rules over the text ------------------------------------------------------------

    def text(self, dockerfile: ins.Dockerfile) -> None:
        """Everything that can be said before variables are known."""
        for line in dockerfile.empty_continuations:
            self.warn("NoEmptyContinuation", "Empty continuation line", (SourceRange(line, line),))
        for stage in dockerfile.stages:
            self._from(stage.start)
        self._stage_names(dockerfile.stages)
        self._casing(dockerfile.stages)

    def _from(self, start: ins.From) -> None:
        linter = self.with_comments(start.written.comments)
        ranges = start.written.ranges
        if start.typed_name and start.typed_name != start.typed_name.lower():
            linter.warn(
                "StageNameCasing", f"Stage name '{start.typed_name}' should be lowercase", ranges
            )
        keywords = (start.as_keyword, start.written.keyword)
        if start.as_keyword and len({_case(word) for word in keywords}) > 1:
            linter.warn(
                "FromAsCasing",
                f"'{start.as_keyword}' and '{start.written.keyword}' keywords' casing do not match",
                ranges,
            )

    def _stage_names(self, stages: tuple[ins.Stage, ...]) -> None:
        seen: set[str] = set()
        for stage in stages:
            name, ranges = stage.start.name, stage.start.written.ranges
            linter = self.with_comments(stage.start.written.comments)
            if name in _RESERVED_STAGES:
                linter.warn(
                    "ReservedStageName",
                    f'Stage name should not use the same name as reserved stage "{name}"',
                    ranges,
                )
            if name and name in seen:
                linter.warn(
                    "DuplicateStageName",
                    f'Duplicate stage name "{name}", stage names should be unique',
                    ranges,
                )
            seen.add(name)

    def _casing(self, stages: tuple[ins.Stage, ...]) -> None:
        written = [i.written for s in stages for i in (s.start, *s.commands)]
        lower = sum(w.keyword == w.keyword.lower() for w in written)
        upper = sum(w.keyword == w.keyword.upper() for w in written)
        majority = "lowercase" if lower > upper else "uppercase"
        for place in written:
            wanted = place.keyword.lower() if lower > upper else place.keyword.upper()
            if place.keyword != wanted:
                self.with_comments(place.comments).warn(
                    "ConsistentInstructionCasing",
                    f"Command '{place.keyword}' should match the case of the command majority "
                    f"({majority})",
                    place.ranges,
                )

    # --- rules over FROM ----------------------------------------------------------------

    def default_args(self, dockerfile: ins.Dockerfile, env: Mapping[str, str]) -> None:
        """Base names must be good without any build argument."""
        lexer = Lexer(escape=dockerfile.escape)
        values = dict(env)
        try:
            for instruction in dockerfile.meta_args:
                for arg in instruction.args:
                    if arg.value is not None:
                        values[arg.key] = lexer.word(arg.value, values)
            for stage in dockerfile.stages:
                if not _is_image_name(lexer.word(stage.start.base, values)):
                    self.with_comments(stage.start.written.comments).warn(
                        "InvalidDefaultArgInFrom",
                        f"Default value for ARG {stage.start.base} results in empty or invalid "
                        "base image name",
                        stage.start.written.ranges,
                    )
        except DockerfileError:
            return

    def from_args(
        self,
        unmatched: Iterable[str],
        env: Mapping[str, str],
        declared: Collection[str],
        ranges: tuple[SourceRange, ...],
    ) -> None:
        known = sorted({*env, *declared})
        for name in sorted(unmatched):
            if name not in declared:
                near = suggestion(name, known, case_sensitive=True)
                self.warn(
                    "UndefinedArgInFrom", f"FROM argument '{name}' is not declared{near}", ranges
                )

    def from_platform(self, start: ins.From, expansion: Expansion, env: Mapping[str, str]) -> None:
        ranges = start.written.ranges
        if expansion.matched == {"TARGETPLATFORM"} and not expansion.unmatched:
            if expansion.text == env.get("TARGETPLATFORM"):
                self.warn(
                    "RedundantTargetPlatform",
                    f"Setting platform to predefined {start.platform} in FROM is redundant as "
                    "this is the default behavior",
                    ranges,
                )
        elif not expansion.matched and not expansion.unmatched:
            if _names_platform(start.name, expansion.text):
                return
            self.warn(
                "FromPlatformFlagConstDisallowed",
                f'FROM --platform flag should not use constant value "{expansion.text}"',
                ranges,
            )

    # --- rules over instructions --------------------------------------------------------

    def undefined(
        self, unmatched: Iterable[str], known: Iterable[str], ranges: tuple[SourceRange, ...]
    ) -> None:
        options = list(known)
        for name in sorted(unmatched):
            near = suggestion(name, options, case_sensitive=True)
            near = near.replace("did you mean ", "did you mean $")
            self.warn("UndefinedVar", f"Usage of undefined variable '${name}'{near}", ranges)

    def secret_name(self, command: str, key: str, ranges: tuple[SourceRange, ...]) -> None:
        tokens = set(key.lower().split("_"))
        if tokens & _SECRET_TOKENS and not tokens & _PUBLIC_TOKENS:
            self.warn(
                "SecretsUsedInArgOrEnv",
                f'Do not use ARG or ENV instructions for sensitive data ({command} "{key}")',
                ranges,
            )


def _case(word: str) -> str:
    return "lower" if word == word.lower() else "upper" if word == word.upper() else word


def _names_platform(stage: str, text: str) -> bool:
    """Whether ``stage`` is named for a platform, or ``text`` is none (refused elsewhere)."""
    try:
        platform = platforms.parse(text)
    except InvalidPlatform:
        return True
    return platform.os in stage or platform.architecture in stage


def _is_image_name(text: str) -> bool:
    try:
        references.parse(text)
    except InvalidReference:
        return False
    return True
