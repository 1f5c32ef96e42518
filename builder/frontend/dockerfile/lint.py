"""The Dockerfile linter: warnings as values, with BuildKit's rule names and texts.

Which rules speak is set at the top of the file and above an instruction
(``builder.frontend.dockerfile.lintconfig``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct, field

from builder.events import SourceRange
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.lintconfig import LintConfig
from builder.frontend.dockerfile.options import LintWarning
from builder.frontend.dockerfile.rules import Remark
from builder.frontend.dockerfile.shell import Expansion, Lexer
from builder.frontend.dockerfile.suggest import suggestion
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.goquote import go_quote
from builder.oci.platform import InvalidPlatform
from builder.oci.reference import InvalidReference

_SECRET_TOKENS = frozenset(
    {"apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd"}
    | {"secret", "token"}
)
_PUBLIC_TOKENS = frozenset({"public", "file", "version"})


class Linter(Struct):
    """Collects warnings. Copies made by ``with_comments`` share the collection."""

    config: LintConfig = field(default_factory=LintConfig)
    warnings: list[LintWarning] = field(default_factory=list)
    tell: Callable[[LintWarning], None] | None = None
    """Hears each warning as it is found."""

    def with_comments(self, comments: Iterable[str]) -> Linter:
        """This linter as the comments above an instruction change it."""
        config = self.config.above(comments)
        return self if config is self.config else Linter(config, self.warnings, self.tell)

    def warn(self, rule: str, message: str, ranges: tuple[SourceRange, ...]) -> None:
        if not self.config.silences(rule):
            self.warnings.append(LintWarning(rule, message, ranges))
            if self.tell is not None:
                self.tell(self.warnings[-1])

    def raise_if_asked(self) -> None:
        """``error=true``: warnings become one error."""
        if self.config.error and self.warnings:
            rules = ", ".join(sorted({warning.rule for warning in self.warnings}))
            raise DockerfileError(f"lint violation found for rules: {rules}")

    def remark(self, remark: Remark) -> None:
        """What the text gave rise to, unless it is not to be said."""
        linter = self.with_comments(remark.comments)
        linter.warn(remark.rule, remark.message, remark.ranges)

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
                    self.warn(
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
                "Do not use ARG or ENV instructions for sensitive data "
                f"({command} {go_quote(key)})",
                ranges,
            )


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
