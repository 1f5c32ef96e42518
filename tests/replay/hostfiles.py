"""The file system of a case: its files, its empty directories, and what was done to them."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping

from regdoctor.observations.host import FileSeen, HostFiles

_PEM = re.compile(r"\{\{pem:([^}]*)\}\}")


class Tree:
    """Files and directories that shell lines can change."""

    def __init__(self, files: Mapping[str, str], pki: Mapping[str, str]) -> None:
        self._files: dict[str, FileSeen] = {}
        self._directories: set[str] = {"/"}
        self._links: dict[str, str] = {}
        for path, text in files.items():
            self.write(path, expanded(text, pki))

    def write(self, path: str, content: bytes) -> None:
        clean = posixpath.normpath(path)
        self.make(posixpath.dirname(clean))
        self._files[clean] = FileSeen(content)

    def make(self, path: str) -> None:
        clean = posixpath.normpath(path)
        while clean not in self._directories:
            self._directories.add(clean)
            clean = posixpath.dirname(clean)

    def run(self, script: str) -> None:
        """``mkdir``, ``touch``, ``ln -s``, ``rm``, ``rmdir``, ``cp``, ``mv`` and ``echo TEXT >``.

        Lines are split at semicolons. Modes and owners do not matter: clients run as root.
        """
        for line in re.split(r";|&&|\n", script):
            words = shlex.split(line)
            if words:
                self._run(words[0], [word for word in words[1:] if not word.startswith("-")])

    def _run(self, name: str, words: list[str]) -> None:
        if name in ("chmod", "chown", "sleep", "true"):
            return
        if ">" in words:
            at = words.index(">")
            self.write(words[at + 1], f"{' '.join(words[:at])}\n".encode())
        elif name == "mkdir":
            for path in words:
                self.make(path)
        elif name == "touch":
            for path in words:
                self._touch(path)
        elif name == "ln":
            self._link(*words)
        elif name in ("cp", "mv"):
            self._copy(*words)
            if name == "mv":
                self._remove(words[0])
        elif name in ("rm", "rmdir"):
            for path in words:
                self._remove(path)
        else:
            raise ValueError(f"a case prepares its files with {name!r}, which is not known")

    def _touch(self, path: str) -> None:
        if posixpath.normpath(path) not in self._files:
            self.write(path, b"")

    def _copy(self, source: str, target: str) -> None:
        old, new = posixpath.normpath(source), posixpath.normpath(target)
        if new in self._directories:
            new = posixpath.join(new, posixpath.basename(old))
        for path, seen in list(self._files.items()):
            if path == old or path.startswith(f"{old}/"):
                self.make(posixpath.dirname(new + path.removeprefix(old)))
                self._files[new + path.removeprefix(old)] = seen
        for path in list(self._directories):
            if path == old or path.startswith(f"{old}/"):
                self.make(new + path.removeprefix(old))

    def seen(self, home: str) -> HostFiles:
        """What programs see; links are followed, one into nowhere is ENOENT."""
        files = dict(self._files)
        directories = set(self._directories)
        for link, target in self._links.items():
            under = [path for path in self._files if path.startswith(f"{target}/")]
            if target in self._files:
                files[link] = self._files[target]
            elif target in self._directories:
                directories |= {
                    link + path.removeprefix(target)
                    for path in self._directories
                    if path == target or path.startswith(f"{target}/")
                }
                files |= {link + path.removeprefix(target): self._files[path] for path in under}
            else:
                files[link] = FileSeen(error="ENOENT")
        listing: dict[str, set[str]] = {path: set() for path in directories}
        for path in (*files, *directories, *self._links):
            if path != "/":
                listing.setdefault(posixpath.dirname(path), set()).add(posixpath.basename(path))
        return HostFiles(
            files, {path: tuple(sorted(names)) for path, names in listing.items()}, home
        )

    def _link(self, target: str, path: str) -> None:
        clean = posixpath.normpath(path)
        self.make(posixpath.dirname(clean))
        self._links[clean] = posixpath.normpath(posixpath.join(posixpath.dirname(clean), target))

    def _remove(self, path: str) -> None:
        clean = posixpath.normpath(path)
        for held in (self._files, self._links):
            for each in [each for each in held if each == clean or each.startswith(f"{clean}/")]:
                del held[each]  # type: ignore[attr-defined]
        self._directories = {
            each for each in self._directories if each != clean and not each.startswith(f"{clean}/")
        }


def tree(
    files: Mapping[str, str], pki: Mapping[str, str], empty: Iterable[str], prepare: str
) -> Tree:
    """The files of a case, then its empty directories, then what its shell lines do."""
    made = Tree(files, pki)
    for path in empty:
        made.make(path)
    made.run(prepare)
    return made


def expanded(text: str, pki: Mapping[str, str]) -> bytes:
    """``{{pem:NAME}}`` and ``{{pem:A+B}}`` filled in."""

    def filled(match: re.Match[str]) -> str:
        return "".join(pki[name] for name in match[1].split("+"))

    return _PEM.sub(filled, text).encode()
