"""Headers of tables in a TOML text, in the order of the file, and keys in odd letters.

The parser of the standard library makes one dictionary of a text; whether ``[a.b]``, ``a.b.c = 1``
or ``a = {b = {}}`` stood there cannot be told from it, and some programs differ on that.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]',
    re.DOTALL,
)


def headers(text: str) -> Iterator[tuple[str, ...]]:
    """The names of every ``[table]`` of a text that parses: ``("host", "https://m")``.

    ``[[arrays]]`` are none. ``text`` has to be one that tomllib takes.
    """
    depth, line, start = 0, 0, 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in ("[", "{"):
            if not depth:
                start = token.start()
            depth += 1
        elif mark in ("]", "}"):
            depth -= 1
            header = not depth and not text[line:start].strip(" \t\r")
            if header and text[start : start + 2] != "[[" and mark == "]":
                yield _names(text[start : token.end()])
        elif mark == "\n" and not depth:
            line = token.end()


def _names(header: str) -> tuple[str, ...]:
    names = []
    inside: Any = tomllib.loads(header)
    while inside:
        ((name, inside),) = inside.items()
        names.append(name)
    return tuple(names)


def canonical(
    table: Mapping[str, Any], known: set[str], same: Callable[[str, str], bool]
) -> dict[str, Any]:
    """``table`` with the names in ``known`` for keys that a program takes for the ``same``.

    The exact key counts where both are there.
    """
    found = dict(table)
    for key, value in table.items():
        name = next((each for each in known if each != key and same(each, key)), None)
        if name is not None and name not in table:
            del found[key]
            found[name] = value
    return found


def any_case(name: str, key: str) -> bool:
    """BurntSushi/toml and go-toml 2: letters may be of either case."""
    return name == key.lower()


def exact_or_upper(name: str, key: str) -> bool:
    """go-toml 1: the name as it is, or in capitals."""
    return key in (name, name.upper())
