"""One pattern of an ignore file, with the meaning that moby/patternmatcher gives it."""

from __future__ import annotations

from functools import cached_property

from builder.frontend.dockerfile.errors import IgnorePatternError
from builder.frontend.dockerfile.goregexp import Regexp, RegexpError
from builder.frontend.dockerfile.paths import clean

_SPECIAL = frozenset(".+()$")
"""patternmatcher means to escape ``|{}`` too, and has no bits for them in its table."""


class Pattern:
    """``text`` is cleaned and without its ``!``. Raises IgnorePatternError for what is none."""

    def __init__(self, text: str) -> None:
        text = clean(text)
        self.exception = text.startswith("!")
        if self.exception:
            text = text[1:]
            if not text:
                raise IgnorePatternError('illegal exclusion pattern: "!"')
        self.text = text
        self._check()

    @property
    def literal_head(self) -> str:
        """The pattern without a trailing ``/**``, with a slash, for prefix comparison."""
        return self.text.removesuffix("/**").removesuffix("/*") + "/"

    def match(self, path: str) -> bool:
        """Raises IgnorePatternError for a pattern that only its use shows to be none."""
        if isinstance(self.compiled, Regexp):
            return self.compiled.match(path)
        if self.compiled == "exact":
            return path == self.text
        if self.compiled == "prefix":
            return path.startswith(self.text[:-2])
        suffix = self.text[2:]
        return path.endswith(suffix) or (suffix[0] == "/" and path == suffix[1:])

    @cached_property
    def compiled(self) -> Regexp | str:
        """``exact``, ``prefix`` (before ``**``), ``suffix`` (after ``**``) or a regular
        expression."""
        kind, expression = _translated(self.text)
        if kind != "regexp":
            return kind
        try:
            return Regexp(expression)
        except RegexpError as error:
            raise self._wrong() from error

    def _wrong(self) -> IgnorePatternError:
        return IgnorePatternError("syntax error in pattern", hint=f"the pattern is: {self.text}")

    def _check(self) -> None:
        """What filepath.Match of Go says of the pattern when it is asked about ``.``: it looks
        no further than the first part between stars that does not match."""
        first, rest = _until_star(self.text.lstrip("*"))
        if self._matches_dot(first):
            self._matches_dot(_until_star(rest.lstrip("*"))[0])

    def _matches_dot(self, part: str) -> bool:
        found, position = [], 0
        while position < len(part):
            char = part[position]
            position += 1
            if char == "[":
                contained, position = self._class(part, position)
                found.append(contained)
                continue
            if char == "\\":
                if position == len(part):
                    raise self._wrong()
                char = part[position]
                position += 1
                found.append(char == ".")
            else:
                found.append(char in ".?")
        return found == [True]

    def _class(self, part: str, position: int) -> tuple[bool, int]:
        """(whether the class that begins at ``position`` has the dot, where it ends)."""
        negated = part.startswith("^", position)
        position += negated
        first, contained = True, False
        while first or not part.startswith("]", position):
            first = False
            low, position = self._character(part, position)
            high = low
            if part.startswith("-", position):
                high, position = self._character(part, position + 1)
            contained = contained or low <= "." <= high
        return contained != negated, position + 1

    def _character(self, part: str, position: int) -> tuple[str, int]:
        """(the character of a class that begins at ``position``, where it ends)."""
        if part.startswith("\\", position):
            position += 1
        elif part.startswith(("-", "]"), position):
            raise self._wrong()
        if position + 1 >= len(part) or "\ud800" <= part[position] <= "\udfff":
            raise self._wrong()
        return part[position], position + 1


def _until_star(pattern: str) -> tuple[str, str]:
    """What is before the first star outside of brackets, and the rest with it."""
    inside, position = False, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "*" and not inside:
            break
        if char == "\\":
            position += 1
        elif char in "[]":
            inside = char == "["
        position += 1
    return pattern[:position], pattern[position:]


def _translated(pattern: str) -> tuple[str, str]:
    """(kind, regular expression)."""
    kind, parts, position, first = "exact", ["^"], 0, True
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if pattern.startswith("**", position - 1):
            position += 1 + pattern.startswith("/", position + 1)
            if position < len(pattern):
                kind = "regexp"
                parts.append("(.*/)?")
            elif kind == "exact":
                kind = "prefix"
            else:
                kind = "regexp"
                parts.append(".*")
            kind = "suffix" if first else kind
        elif char == "\\" and position < len(pattern):
            kind = "regexp"
            parts.append(f"\\{pattern[position]}")
            position += 1
        elif char in "*?[]":
            kind = "regexp"
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char, char))
        else:
            parts.append(f"\\{char}" if char in _SPECIAL else char)
        first = False
    return kind, "".join([*parts, "$"])
