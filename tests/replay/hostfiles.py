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
        """``mkdir -p``, ``touch``, ``ln -s``, ``rm -r`` and ``chmod 000``, split at semicolons."""
        for line in re.split(r";|&&|\n", script):
            words = shlex.split(line)
            if not words:
                continue
            name = words[0]
            paths = [word for word in words[1:] if not word.startswith("-")]
            if name == "mkdir":
                for path in paths:
                    self.make(path)
            elif name == "touch":
                for path in paths:
                    self.write(path, b"")
            elif name == "ln":
                self._link(*paths)
            elif name == "rm":
                for path in paths:
                    self._remove(path)
            else:
                raise ValueError(f"a case prepares its files with {name!r}, which is not known")

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
