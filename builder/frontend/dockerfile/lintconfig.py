"""Which rules of the linter speak: ``check=skip=...;error=true;experimental=...``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from builder.frontend.dockerfile.directives import detect_check, read_directive
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.lexical import BLANKS
from builder.frontend.dockerfile.rules import RULES
from builder.oci.gobool import parse_bool
from builder.oci.goquote import go_quote

_ARGUMENT = "BUILDKIT_DOCKERFILE_CHECK"
_MOST_OPTIONS = 3


class LintConfig(Struct, frozen=True):
    """``skip`` are rules, ``experimental`` those that are silent until they are named."""

    skip: frozenset[str] = frozenset()
    skip_all: bool = False
    experimental: frozenset[str] = frozenset()
    experimental_all: bool = False
    error: bool = False

    @classmethod
    def parse(cls, text: str) -> LintConfig:
        """``skip=A,B;error=true;experimental=C``, each at most once. Raises DockerfileError."""
        found: dict[str, frozenset[str]] = {}
        everything: set[str] = set()
        error = False
        options = text.strip(BLANKS)
        for option in options.split(";", _MOST_OPTIONS - 1) if options else ():
            name, equals, value = (part.strip(BLANKS) for part in option.partition("="))
            if not equals:
                raise DockerfileError(f"invalid check option {go_quote(option)}")
            if name == "error":
                error = _truth(option, value)
            elif name not in ("skip", "experimental"):
                raise DockerfileError(f"invalid check option {go_quote(name)}")
            elif value == "all":
                everything.add(name)
            else:
                found[name] = frozenset(rule.strip(BLANKS) for rule in value.split(","))
        nothing: frozenset[str] = frozenset()
        return cls(
            found.get("skip", nothing),
            "skip" in everything,
            found.get("experimental", nothing),
            "experimental" in everything,
            error,
        )

    def silences(self, rule: str) -> bool:
        if RULES[rule].experimental:
            return not (self.experimental_all or rule in self.experimental)
        return self.skip_all or rule in self.skip

    def above(self, comments: Iterable[str]) -> LintConfig:
        """As the comments above an instruction change it: the first ``check=`` counts, up to
        its first space, and not at all where it is wrong."""
        for comment in comments:
            directive = read_directive(comment)
            if directive is None or directive[0] != "check":
                continue
            try:
                more = LintConfig.parse(directive[1].partition(" ")[0])
            except DockerfileError:
                return self
            return LintConfig(
                self.skip | more.skip,
                self.skip_all or more.skip_all,
                self.experimental | more.experimental,
                self.experimental_all or more.experimental_all,
                self.error,
            )
        return self


def asked_for(build_args: Mapping[str, str]) -> LintConfig | None:
    """What the build argument says, which is in the place of the file's own. Raises
    DockerfileError."""
    text = build_args.get(_ARGUMENT)
    return None if text is None else _parsed(text, f"build-arg:{_ARGUMENT}")


def written_in(source: bytes) -> LintConfig:
    """What ``# check=`` at the top of the file says. Raises DockerfileError."""
    return _parsed(detect_check(source), "check options")


def _parsed(text: str, what: str) -> LintConfig:
    try:
        return LintConfig.parse(text)
    except DockerfileError as error:
        raise DockerfileError(f"failed to parse {what}: {error}") from error


def _truth(option: str, value: str) -> bool:
    truth = parse_bool(value)
    if truth is None:
        raise DockerfileError(
            f"failed to parse check option {go_quote(option)}: strconv.ParseBool: parsing "
            f"{go_quote(value)}: invalid syntax"
        )
    return truth
