"""RUN, COPY and ADD at random, some of them broken, for both frontends.

``python -m tests.language.generate_steps [COUNT [SEED]]`` tells the files whose meaning differs;
what is found belongs into the corpus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from tests.language import ours
from tests.language.cases import Case, case_of
from tests.language.compare import differences
from tests.language.generate_files import main, told
from tests.language.judge import ask

_Choices = tuple[tuple[str, ...], tuple[str, ...]]
"""(what is good, what is refused: drawn seldom)"""

_PATHS = (
    (
        *("a", "b/c", "./a", "../a", "/", ".", "a/", "/abs//x/../y", "*.txt", "**/*.go", "a[b-d]?"),
        *("a/./b", "./a/./", "a\\ b", "$A", "${B:-d}/x", "$NONE", "a\\*b", "-x", "é", "a:b", "#x"),
        *("a@b", "github.com/a/b", "http:/x", "a,b", '""', "d/*/e", "a/../..", "'q'"),
    ),
    (
        "'q q'",
        '"d d"',
        "git@127.0.0.1:x/y.git",
        "${A:?}",
        "${B:?}",
        "github.com/a?x=y",
        "https://e/x",
    ),
)
_TARGETS = (
    (
        *("/x", "/x/", ".", "./", "rel", "rel/", "../up", "/x/.", "/x/..", "$A/", "/", "/a//b/"),
        *("${NONE}", "a/.", "..", "/.", "//", "./.", "C:\\x", '""'),
    ),
    ("${B:?}", "<<F", ""),
)
_URLS = (
    (
        *(
            "https://e.example/a",
            "http://e.example",
            "https://e.example/a/b.tgz?x=1#y",
            "https://e/%zz",
        ),
        *(
            "https://e.example/a/./",
            "https://u:p@e/x",
            "HTTPS://e/x",
            "https://e:1:2/x",
            "https://[::1]/",
        ),
        *(
            "https://e/..",
            "https://e/a%2fb",
            "https://e/$A",
            "http://e/é",
            "https://e//",
            "https:///x",
        ),
    ),
    ("https://e/x y",),
)
_REPOSITORIES = (
    (
        *(
            "https://e/a.git",
            "http://e:8/a/b.git",
            "git://e/a",
            "ssh://127.0.0.1/a.git",
            "https://e/.git",
        ),
        *(
            "git@127.0.0.1:a/b",
            "ssh://git@127.0.0.1:1/a",
            "https://u:p%40@e/a.git",
            "https://E/A.git",
        ),
        *(
            "https://e//a//b.git",
            "https://e/a%20b.git",
            "https://e/é.git",
            "https://u@e/a!b.git",
            "git://e",
        ),
        *("https://e/a[b].git", "https://e/a/../b.git", "me@127.0.0.1:/x.git", "https://e/a<b.git"),
    ),
    (),
)
_QUERIES = (
    (
        *(
            "ref=a",
            "branch=b",
            "tag=c",
            "subdir=d/e",
            "subdir=../x//",
            "checksum=abc",
            "commit=abc",
        ),
        *(
            "keep-git-dir",
            "keep-git-dir=0",
            "submodules=false",
            "submodules",
            "mtime=commit",
            "a;b",
        ),
        *("mtime=checkout", "fetch-by-commit=1", "ref=%zz", "ref=a+b%20c", ""),
    ),
    ("keep-git-dir=x", "mtime=x", "ref=", "x=y", "commit=def"),
)
_FRAGMENTS = (
    ("", "", "", "#m", "#m:s", "#:s/../t", "#", "#a%20b", "#a:b:c", "#refs/heads/x:/"),
    ("#%z",),
)
_SUM = "sha256:" + "0" * 64
_SUMS = (
    (_SUM, "", "sha512:" + "a" * 128, "$NONE", "abc"),
    ("sha256:0", "md5:00", "$A", "SHA256:" + "0" * 64, "sha256:" + "A" * 64, ":a", "sha256:"),
)
_MODES = (
    (
        *("755", "0644", "7777", "u+x", "u=rwX,go=rX", "+", "=", "", "$NONE", "0000755", "o-w+x=r"),
        *("u=g", "${B:-600}"),
    ),
    ("17777", "8", "a", "u+x,", "x", "-1", "u + x", "é"),
)
_OWNERS = (
    (
        *("1", "1:2", "app", "app:staff", ":3", "3:", ":", "", "a:b:c", "-1", "01", "4294967296"),
        *("root", "$NONE", "1:root", "é", "+5", "$A"),
    ),
    ("' x'",),
)
_SOURCES = (
    ("one", "0", "alpine", "scratch", "extra", "", "nginx:1"),
    ("9", "One", "$A", "x$", "two"),
)
_BOOLEANS = (("", "=true", "=false", "=True"), ("=0", "=", "=yes"))
_TYPES = (("bind", "cache", "tmpfs", "secret", "ssh", "Cache", "$T"), ("volume", ""))
_NETWORKS = (("none", "host", "default"), ("x", "NONE", ""))
_SECURITY = (("insecure", "sandbox"), ("x", ""))
_OF_TYPE = {
    "bind": (
        "source=/s",
        "src=s/../r",
        "source=.",
        "from=one",
        "from=extra",
        "rw",
        "id=x",
        "env=x",
    ),
    "cache": (
        *("id=i", "id=a/b", "id=", "sharing=locked", "sharing=Private", "mode=0700", "uid=5", "ro"),
        *("from=alpine", "source=/c", "from=scratch", "gid=0", "source=$NONE"),
    ),
    "tmpfs": ("size=1m", "size=1.5g", "size=10", "ro", "source=x", "size=0x1p4", "size=7kib"),
    "secret": (
        "id=s",
        "id=a/b",
        "env=E",
        "env=",
        "env=A",
        "required",
        "mode=0440",
        "uid=1",
        "target=",
    ),
    "ssh": ("id=k", "id=", "required=1", "mode=0600", "uid=1", "target=", "rw", "from=extra"),
}
_FIELDS = (
    (
        *(
            "target=/t",
            "dst=rel",
            "destination=/t/u/",
            "target=",
            "target=..",
            "target=$A",
            "target=//",
        ),
        *(
            "source=/s",
            "from=one",
            "from=alpine",
            "from=",
            "id=i",
            "ro",
            "rw",
            "readonly=true",
            "rw=0",
        ),
    ),
    (
        *(
            "target=/",
            "from=$A",
            "from=a$",
            "sharing=x",
            "mode=8",
            "mode=",
            "uid=x",
            "uid=4294967296",
        ),
        *("ro=x", "required=x", "size=x", "size=10 k", "size=", "x=y", "X", "", "'q'", '\\"a,b\\"'),
        *('\\"a', 'a\\"', "size=1m", "required", "env=E", "mode=0700", "uid=5", "sharing=locked"),
    ),
)
_COMMANDS = (
    (
        *("x", "echo $A ${B} '$A' \"$E\"", '["a", "b c"]', "['a']", "a && \\\n  b", "cat <<F"),
        *(
            "<<F",
            "<<-F",
            "<<'F'",
            '<<"F" <<G',
            "3<<F",
            "x <<F > /y",
            "\\$A",
            "# no",
            "a \\\n# c\n b",
        ),
    ),
    ("[]", '["a", 1]', ""),
)
_BODIES = (
    "x $A\n",
    "#!/bin/sh\ny\n",
    "\t\ttabs\n",
    "",
    " \n\nfirst  \nsecond\n",
    "a \\\n b\n",
    "${A:?}\n",
    "é\\$A\n",
)


class _Generator:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._refused = self._random.choice((0.0, 0.02, 0.1))

    def _one(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def _draw(self, choices: _Choices) -> str:
        good, refused = choices
        return self._one(refused if refused and self._chance(self._refused) else good)

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _several(self, most: int) -> range:
        return range(self._random.randint(1, most))

    def dockerfile(self) -> str:
        lines = ["# escape=`"] if self._chance(0.05) else []
        lines += ["# syntax=docker/dockerfile:labs"] if self._chance(0.02) else []
        for base in ("busybox AS one", "alpine AS Two", "debian")[self._random.randrange(3) :]:
            lines.append(f"FROM {base}")
            lines += [self._setting() for _ in self._several(2)]
            lines += [self._step() for _ in self._several(3)]
        return "\n".join(lines) + "\n"

    def _setting(self) -> str:
        return self._one(
            (
                "ENV A=one B=",
                "ARG A=arg",
                "ARG T=cache",
                "WORKDIR /w",
                "WORKDIR w",
                "USER 5",
                "ENV E=e",
            )
        )

    def _step(self) -> str:
        trigger = "ONBUILD " if self._chance(0.05) else ""
        made = self._random.choice((self._run, self._run, self._copy, self._copy, self._add))()
        return trigger + made

    def _flags(self, made: list[str]) -> str:
        flags = [flag for flag in made if self._chance(0.2)]
        if flags and self._chance(self._refused / 2):
            flags.append(self._one(("--", "--x", "--Link", "--chmod", "--from")))
        gap = " \\\n  " if self._chance(0.05) else " "
        return "".join(f"{gap}{flag}" for flag in flags)

    def _run(self) -> str:
        made = [f"--mount={self._mount()}" for _ in range(8)]
        made.append(f"--network={self._draw(_NETWORKS)}")
        made.append(f"--security={self._draw(_SECURITY)}")
        if self._chance(0.05):
            made.append(
                f"--device={self._one(('a/b=c', 'name=a,required', 'a,b', 'x,required=z'))}"
            )
        command = self._draw(_COMMANDS)
        return f"RUN{self._flags(made)} {command}" + self._heredocs(command)

    def _mount(self) -> str:
        kind = self._one(tuple(_OF_TYPE))
        fields = [f"type={kind}", f"target=/t{self._random.randrange(3)}"]
        fields += [self._one(_OF_TYPE[kind]) for _ in self._several(3)]
        if self._chance(0.2):
            fields.append(self._draw(_FIELDS))
        if self._chance(self._refused):
            fields.append(f"type={self._draw(_TYPES)}")
        if self._chance(0.2):
            self._random.shuffle(fields)
        return ",".join(fields)

    def _heredocs(self, text: str) -> str:
        found = []
        for name in ("F", "G"):
            if f"<<{name}" in text.replace("-", "").replace("'", "").replace('"', ""):
                end = name if not self._chance(self._refused) else "H"
                found.append(f"\n{self._one(_BODIES)}{end}")
        return "".join(found)

    def _copying(self) -> list[str]:
        return [
            f"--chown={self._draw(_OWNERS)}",
            f"--chmod={self._draw(_MODES)}",
            f"--link{self._draw(_BOOLEANS)}",
            f"--exclude={self._draw(_PATHS)}",
            f"--exclude={self._draw(_PATHS)}",
        ]

    def _words(self, sources: list[str]) -> str:
        words = [*sources, self._draw(_TARGETS)]
        if self._chance(0.1):
            return "[" + ", ".join(f'"{each.replace(chr(34), "")}"' for each in words) + "]"
        return " ".join(words)

    def _inline(self) -> str:
        return self._one(("<<F", "<<-F", "<<'F'", '<<"F"', "<<G"))

    def _copy(self) -> str:
        made = [
            *self._copying(),
            f"--from={self._draw(_SOURCES)}",
            f"--parents{self._draw(_BOOLEANS)}",
        ]
        sources = [self._draw(_PATHS) for _ in self._several(2)]
        if self._chance(0.15):
            sources.append(self._inline())
        if self._chance(self._refused / 2):
            sources.append(self._draw(_URLS))
        words = self._words(sources)
        return f"COPY{self._flags(made)} {words}" + self._heredocs(words)

    def _add(self) -> str:
        made = [
            *self._copying(),
            f"--checksum={self._draw(_SUMS)}",
            f"--unpack{self._draw(_BOOLEANS)}",
            f"--keep-git-dir{self._draw(_BOOLEANS)}",
        ]
        sources = [self._source() for _ in self._several(2)]
        words = self._words(sources)
        return f"ADD{self._flags(made)} {words}" + self._heredocs(words)

    def _source(self) -> str:
        match self._random.randrange(8):
            case 0 | 1:
                return self._draw(_URLS)
            case 2 | 3 | 4:
                query = "&".join(self._draw(_QUERIES) for _ in self._several(2))
                query = f"?{query}" if self._chance(0.5) else ""
                return self._draw(_REPOSITORIES) + query + self._draw(_FRAGMENTS)
            case 5:
                return self._inline()
            case _:
                return self._draw(_PATHS)


def case(seed: int) -> Case:
    """The file of ``seed``, with options that change what steps mean."""
    random = Random(f"steps {seed}")
    made = case_of(f"seed {seed}", _Generator(seed).dockerfile().encode())
    opts = {"context:extra": random.choice(("local:extra", "docker-image://golang"))}
    sometimes = {
        "build-arg:A": "given",
        "build-arg:SOURCE_DATE_EPOCH": "1700000000",
        "build-arg:BUILDKIT_CACHE_MOUNT_NS": "ns",
        "build-arg:https_proxy": "http://p.example",
        "no-cache": "",
        "shm-size": "4096",
        "force-network-mode": "none",
        "platform": "linux/arm64",
    }
    opts |= {name: value for name, value in sometimes.items() if random.random() < 0.1}
    # So that the judge does not ask for the frontend that "# syntax" names, but is it.
    opts["cmdline"] = "labs" if b"syntax=docker/dockerfile:labs" in made.dockerfile else "stable"
    return replace(made, opts=opts)


def differing(first: int, count: int) -> Iterator[tuple[Case, list[str]]]:
    """The cases of ``count`` seeds from ``first`` on that differ, and how."""
    cases = [case(seed) for seed in range(first, first + count)]
    for each, theirs in zip(cases, ask(cases), strict=True):
        found = differences(told(ours.answer(each)), told(theirs))
        if found:
            yield each, found


if __name__ == "__main__":
    main(differing)
