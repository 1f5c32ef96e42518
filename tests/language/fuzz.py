"""Coverage-guided fuzzing of what reads text: ``python -m tests.language.fuzz TARGET SECONDS``.

A target may refuse its input with DockerfileError and nothing else, within two seconds and half a
gibibyte for four kilobytes of input. Ends with status 0 where nothing else happened; otherwise the
input is printed and left in the current directory.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["builder.frontend"]):
    from builder.frontend.dockerfile import DockerfileError, parse
    from builder.frontend.dockerfile.ignore import IgnoreMatcher, read_patterns
    from builder.frontend.dockerfile.shell import Lexer

from tests.language.cases import corpus

_ENVIRONMENT = {"A": "value", "B": "", "LONG": "a/b/c.tar.gz", "STAR": "*?\\"}


def _parser(data: bytes) -> None:
    parse(data)


def _words(data: bytes) -> None:
    escape = "`" if data[:1] == b"`" else "\\"
    text = data.decode(errors="surrogateescape")
    lexer = Lexer(escape=escape)
    lexer.expand(text, _ENVIRONMENT)
    lexer.split(text, _ENVIRONMENT)


def _matcher(data: bytes) -> None:
    patterns, _, paths = data.partition(b"\0")
    matcher = IgnoreMatcher(read_patterns(patterns))
    for path in paths.decode(errors="surrogateescape").split("\n")[:8]:
        matcher.matches(path)
        matcher.enter(path, matcher.root())
        matcher.may_skip(path)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "parser": _parser,
    "words": _words,
    "matcher": _matcher,
}


def _seeds(target: str) -> Iterable[bytes]:
    if target == "matcher":
        yield from (b"*.md\n!README.md\n\0a.md\nREADME.md", b"**/x[a-c]?\n/d\n\0d/e\nq/xb1")
        yield b"[x]a{0,1000}b\n\0xaaa\nxaab"
    for case in corpus():
        yield case.dockerfile


def main() -> None:
    target, seconds = sys.argv[1:]

    def once(data: bytes) -> None:
        with suppress(DockerfileError):
            TARGETS[target](data)

    with tempfile.TemporaryDirectory() as directory:
        for number, seed in enumerate(_seeds(target)):
            Path(directory, str(number)).write_bytes(seed[:4096])
        limits = ["-max_len=4096", "-timeout=2", "-rss_limit_mb=512", "-seed=1"]
        atheris.Setup(["fuzz", f"-max_total_time={seconds}", *limits, directory], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
