"""Dockerfiles made at random of what the language has, some of them broken, for both frontends.

``python -m tests.language.generate_files [COUNT [SEED]]`` tells the files whose meaning differs;
what is found belongs into the corpus. Words, variables, stages, and what changes the config; RUN,
COPY and ADD are only there so that there is something to build.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tests.language import ours
from tests.language.cases import Case, case_of, corpus
from tests.language.compare import differences
from tests.language.judge import Answer, ask

_NAMES = ("a", "b", "A", "B", "x1", "_y", "PATH", "none", "TARGETARCH", "BUILDPLATFORM", "é", "a-b")
_LETTERS = ("a", "bc", "a/b.c", *"10/.-*?:,=#é€@")
_OPERATORS = (":-", "-", ":+", "+", "#", "##", "%", "%%", "/", "//")
_REFUSING = (":?", "?", ":", "^", ",", "!", ":#")
_ESCAPED = ("\\\\", '\\"', "\\'", "\\$", "\\a", "\\n", "\\ ", "\\}", "``", "<", "{")
_QUOTED = (*_ESCAPED, "\\", "`", "'", '"', "<<", "}")
_STAGES = ("one", "two", "three", "Two", "context")
_IMAGES = ("busybox", "alpine", "debian", "golang", "nginx", "scratch", "busybox:latest")
_PLATFORMS = ("linux/arm64", "linux/arm", "amd64", "linux", "$BUILDPLATFORM", "$TARGETPLATFORM")
_BLANKS = (" ", " ", " ", "  ", "\t", " \\\n ", " \\\n# why\n", "\\\n\n", "\u00a0", "\x0b")
_SUGGESTION = re.compile(r" \(did you mean [^)]*\?\)")


_OF_IMAGES = (
    "failed to parse stage name",
    "failed to resolve source metadata",
    "invalid context specifier",
)


class _Generator:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._broken = self._random.random() < 0.25
        self._stages: list[str] = []

    def _one(self, choices: tuple[str, ...]) -> str:
        return self._random.choice(choices)

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _some(self, most: int, least: int = 0) -> range:
        return range(self._random.randint(least, most))

    def dockerfile(self) -> str:
        lines = [self._directive() for _ in self._some(2) if self._chance(0.3)]
        lines += [self._arg() for _ in self._some(3)]
        for _ in self._some(4, 1):
            lines.append(self._from())
            lines += [self._instruction() for _ in self._some(7)]
        text = self._one(("\n", "\n", "\n", "\r\n", "\n\n")).join(lines)
        if self._chance(0.9):
            text += "\n"
        return self.spoiled(text) if self._broken else text

    def spoiled(self, text: str) -> str:
        """``text`` with a few characters put in or taken away."""
        for _ in self._some(3, 1):
            at = self._random.randrange(len(text) + 1)
            until = min(len(text), at + self._random.choice((0, 0, 1, 1, 2, 8)))
            put = self._random.choice(("", "", *_QUOTED, *_BLANKS, "$", "${", "\n", "=", "[", "x"))
            text = text[:at] + put + text[until:]
        return text

    def _directive(self) -> str:
        return self._one(
            (
                "# escape=`",
                "# escape=\\",
                "#ESCAPE = `",
                "# check=skip=JSONArgsRecommended",
                "# check=experimental=all",
                "# hello",
                "#",
                "",
            )
        )

    def _blank(self) -> str:
        return self._one(_BLANKS) if self._chance(0.15) else " "

    def _word(self, deep: int = 0) -> str:
        return "".join(self._piece(deep) for _ in self._some(4, 1))

    def _piece(self, deep: int) -> str:
        match self._random.randrange(12):
            case 0 | 1 | 2 | 3 | 4:
                return self._one(_LETTERS)
            case 5:
                return f"${self._one(_NAMES)}"
            case 6:
                return f"${{{self._one(_NAMES)}}}"
            case 7 | 8 if deep < 3:
                return self._substitution(deep + 1)
            case 9 if deep < 3:
                inner = self._word(deep + 1) + self._one(("", " ", "  b", "#"))
                return f'"{inner}"' if '"' not in inner else f'"{inner.replace(chr(34), "")}"'
            case 10:
                return f"'{self._one(_LETTERS)} {self._one(_LETTERS)}$a'"
            case 11:
                return self._one(_QUOTED if self._chance(0.02) else _ESCAPED)
            case _:
                return self._one(("$", "$1", "$@", "$$", "${1}", "${?}", "x"))

    def _substitution(self, deep: int) -> str:
        name = self._one(_NAMES)
        operator = self._one(_REFUSING if self._chance(0.02) else _OPERATORS)
        word = self._word(deep) if self._chance(0.8) else ""
        if operator.startswith("/"):
            return f"${{{name}{operator}{word}/{self._word(deep)}}}"
        return f"${{{name}{operator}{word}}}"

    def _arg(self) -> str:
        pairs = [
            self._one(_NAMES) + (f"={self._word()}" if self._chance(0.7) else "")
            for _ in self._some(2, 1)
        ]
        return f"ARG {self._blank().join(pairs)}"

    def _from(self) -> str:
        line = self._one(("FROM", "FROM", "from", "From")) + self._blank()
        if self._chance(0.2):
            line += f"--platform={self._one(_PLATFORMS)} "
        base = self._one(_IMAGES if self._chance(0.6) or not self._stages else (*self._stages,))
        line += f"${{none:-{base}}}" if self._chance(0.1) else base
        if self._chance(0.7):
            name = self._one(_STAGES)
            self._stages.append(name.lower())
            line += f" {self._one(('AS', 'AS', 'as'))} {name}"
        return line

    def _instruction(self) -> str:
        comment = self._one(("", "", "", "", "# a comment\n", "  # a b\n", "#\n", "\n"))
        trigger = "ONBUILD " if self._chance(0.06) else ""
        return comment + trigger + self._command()

    def _command(self) -> str:
        word, blank = self._word, self._blank()
        match self._random.randrange(18):
            case 0 | 1 | 2:
                pairs = [f"{self._one(_NAMES)}={word()}" for _ in self._some(3, 1)]
                return f"ENV{blank}{self._blank().join(pairs)}"
            case 3:
                return f"ENV {self._one(_NAMES)}{blank}{word()} {word()}"
            case 4:
                return f"LABEL {word()}={word()}{blank}{word()}={word()}"
            case 5 | 6:
                return self._arg()
            case 7:
                return f"WORKDIR{blank}{word()}"
            case 8:
                return f"USER {word()}"
            case 9:
                return f"EXPOSE {self._port()}{blank}{self._port()}"
            case 10:
                return f"VOLUME {self._array(word)}"
            case 11:
                return f"STOPSIGNAL {self._one(('9', 'SIGTERM', 'KILL', 'rtmin+2', '${a:-9}'))}"
            case 12:
                return self._healthcheck()
            case 13:
                return f"{self._one(('CMD', 'ENTRYPOINT', 'cmd'))}{blank}{self._array(word)}"
            case 14:
                return f'SHELL ["{self._one(_LETTERS)}", "-c"]'
            case 15:
                return f"COPY --from={self._one((*self._stages[:-1], '0', 'alpine'))} /a /b"
            case 16:
                return f"RUN{blank}{word()} {word()}"
            case _:
                return self._one(
                    ("MAINTAINER me", "COPY a b", "RUN <<E\nx\nE", "RUN a \\\n b", "X")
                )

    def _array(self, word: Callable[[], str]) -> str:
        words = [word() for _ in self._some(3, 1)]
        if self._chance(0.5):
            return " ".join(words)
        quoted = ['"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in words]
        return f"[{', '.join(quoted)}]" + ("" if self._chance(0.95) else " x")

    def _port(self) -> str:
        ports = ("80", "0", "80-82", "8080:80", "1.2.3.4:80:81", "[::1]:80:81", "${none:-8}")
        return self._one(ports) + self._one(("", "", "/tcp", "/UDP", "/", "0"))

    def _healthcheck(self) -> str:
        flags = "".join(
            f" --{self._one(('interval', 'timeout', 'start-period'))}={value}"
            for value in self._random.sample(("5s", "1m30s", "0", "1.5h", ""), 5)
            if self._chance(0.1)
        )
        kind = self._one(("CMD", "CMD", "cmd"))
        return f"HEALTHCHECK{flags} {kind} {self._array(lambda: self._one(_LETTERS))}"


def case(seed: int) -> Case:
    """The file of ``seed``, and perhaps arguments for it; or one of the corpus that is spoiled."""
    random = Random(f"options {seed}")
    known = corpus()
    if random.random() < 0.4:
        return _spoiled(random.choice(known), seed)
    made = case_of(f"seed {seed}", _Generator(seed).dockerfile().encode())
    opts = {f"build-arg:{name}": random.choice(("", "given", "a b")) for name in ("a", "A", "none")}
    given = {key: value for key, value in opts.items() if random.random() < 0.2}
    if random.random() < 0.15:
        given["target"] = random.choice(_STAGES)
    if random.random() < 0.15:
        given["platform"] = random.choice(
            ("linux/arm64", "linux/arm/v7", "linux/amd64,linux/arm64")
        )
    if random.random() < 0.05:
        given["no-cache"] = random.choice(("", "one", "two,three"))
    return replace(made, opts=given)


def _spoiled(known: Case, seed: int) -> Case:
    text = known.dockerfile.decode(errors="replace")
    spoiled = _Generator(seed).spoiled(text[:10_000])
    return replace(known, name=f"seed {seed}: {known.name}", dockerfile=spoiled.encode())


def told(answer: Answer) -> Answer:
    """Where words are as near as each other, BuildKit suggests any of them; images are resolved
    all at once, and what fails first is told."""
    if any(words in answer.error for words in _OF_IMAGES):
        return Answer("an image cannot be had, and another perhaps not either")
    warnings = tuple((_SUGGESTION.sub("", t), url, at) for t, url, at in answer.warnings)
    return replace(answer, error=_SUGGESTION.sub("", answer.error), warnings=warnings)


def differing(first: int, count: int) -> Iterator[tuple[Case, list[str]]]:
    """The cases of ``count`` seeds from ``first`` on that differ, and how."""
    cases = [case(seed) for seed in range(first, first + count)]
    for each, theirs in zip(cases, ask(cases), strict=True):
        mine = ours.answer(each)
        if "," in each.opts.get("platform", "") and mine.error and theirs.error:
            continue  # what goes wrong first for one of the platforms is told
        found = differences(told(mine), told(theirs))
        if found:
            yield each, found


def main(found_by: Callable[[int, int], Iterator[tuple[Case, list[str]]]]) -> None:
    """Tells what ``found_by`` finds for the COUNT and SEED of the command line; exits with 1
    where it finds something."""
    count, seed = (int(text) for text in [*sys.argv[1:], *("2000", "0")[len(sys.argv) - 1 :]])
    missed = 0
    for each, found in found_by(seed, count):
        missed += 1
        print(f"===== {each.name} {dict(each.opts)}\n-----\n{each.dockerfile.decode()}")
        print(*found, sep="\n")
    print(f"{count - missed} of {count} Dockerfiles mean what they mean to BuildKit")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main(differing)
