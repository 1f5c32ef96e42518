"""One case of the corpus put to ours and to BuildKit, and what came out of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.fixtures.builds import COMMAND
from tests.parity.builders import COMPILED, run
from tests.parity.cases import Case
from tests.parity.flatten import Flat, flatten_all, flatten_by, flatten_tree

Made = list[list[Flat]]
"""For each output its images, one for each platform."""

_MANIFESTS = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        *("oci.image.index.v1", "oci.image.manifest.v1"),
        *("docker.distribution.manifest.list.v2", "docker.distribution.manifest.v2"),
    )
)


class Asked(Protocol):
    """``build`` gives what a case makes. Raises BuilderRefusedError.

    ``scratch`` is an empty directory that whoever builds may write to.
    """

    name: str

    def build(self, case: Case, scratch: Path) -> Made: ...


@dataclass
class OursAsked:
    """Our command. ``prefix`` runs it as somebody else; ``root`` is its state directory."""

    name: str
    root: Path
    words: Mapping[str, str]
    prefix: tuple[str, ...] = ()

    def build(self, case: Case, scratch: Path) -> Made:
        case = case.filled(self.words)
        outputs = _Outputs(case, scratch, self.words["registry"], self.name)
        context = case.directory or Path(self.words["context"])
        flags = [f"--build-arg={value}" for value in case.values("arg")]
        flags += [f"--build-context={value}" for value in case.values("named")]
        flags += [f"--add-host={value.replace('=', ':')}" for value in case.values("add-host")]
        for word in ("label", "network", "platform", "secret", "shm-size", "ssh", "target"):
            flags += [f"--{word}={value}" for value in case.values(word)]
        flags += [f"--ulimit={value}" for value in case.values("ulimit")]
        run(
            [
                *(*self.prefix, *COMMAND, "build", "--root", str(self.root), "--progress", "plain"),
                *("--preflight=off", "--provenance=false", *flags),
                *(f"--output={value}" for value in outputs.wanted()),
                *(f"--file={_dockerfile(case, scratch)}", str(context)),
            ],
            {"HOME": str(self.root.parent)},
        )
        return outputs.read()


@dataclass
class BuildKitAsked:
    """``buildctl``; ``address`` is the daemon's."""

    address: str
    words: Mapping[str, str]
    name: str = "buildkit"

    def build(self, case: Case, scratch: Path) -> Made:
        case = case.filled(self.words)
        outputs = _Outputs(case, scratch, self.words["registry"], self.name)
        context = case.directory or Path(self.words["context"])
        options = [f"build-arg:{value}" for value in case.values("arg")]
        options += [f"label:{value}" for value in case.values("label")]
        options += [f"add-hosts={value}" for value in case.values("add-host")]
        options += [f"force-network-mode={value}" for value in case.values("network")]
        for word in ("platform", "shm-size", "target", "ulimit"):
            options += [f"{word}={value}" for value in case.values(word)]
        flags = [f"--local=context={context}"]
        flags += [f"--local=dockerfile={_dockerfile(case, scratch).parent}"]
        for named in case.values("named"):
            name, _, value = named.partition("=")
            if "://" in value:
                options.append(f"context:{name}={value}")
            else:
                flags.append(f"--local={name}={value}")
                options.append(f"context:{name}=local:{name}")
        for word in ("secret", "ssh"):
            flags += [f"--{word}={value}" for value in case.values(word)]
        run(
            [
                *(str(COMPILED / "buildctl"), "--addr", self.address, "build"),
                *("--progress", "plain", "--frontend", "dockerfile.v0"),
                *(*flags, *(f"--opt={value}" for value in options)),
                *(f"--output={value}" for value in outputs.wanted()),
            ]
        )
        return outputs.read()


def _dockerfile(case: Case, scratch: Path) -> Path:
    """Where the Dockerfile of the case is, with its ignore file beside it."""
    if case.directory is not None:
        return case.directory / "Dockerfile"
    path = scratch / "Dockerfile"
    path.write_text(case.dockerfile, encoding="utf-8")
    if patterns := case.values("ignore"):
        path.with_name("Dockerfile.dockerignore").write_text("\n".join(patterns) + "\n")
    return path


@dataclass
class _Outputs:
    """The outputs of one build. What is ``push`` goes to the registry, the rest to files."""

    case: Case
    scratch: Path
    registry: str
    builder: str

    def wanted(self) -> list[str]:
        return [self._wanted(number, text) for number, text in enumerate(self.case.outputs)]

    def _wanted(self, number: int, text: str) -> str:
        kind, _, more = text.partition(",")
        comma = f",{more}" if more else ""
        if kind == "push":
            return f"type=image,name={self.registry}/{self._repository},push=true{comma}"
        return f"type={kind},dest={self._path(number)}{comma}"

    def read(self) -> Made:
        return [self._read(number, text) for number, text in enumerate(self.case.outputs)]

    def _read(self, number: int, text: str) -> list[Flat]:
        kind = text.partition(",")[0]
        if kind == "push":
            return flatten_by(self._fetched)
        path = self._path(number)
        return [flatten_tree(path)] if kind in ("tar", "local") else flatten_all(path)

    def _path(self, number: int) -> Path:
        return self.scratch / f"out-{number}"

    @property
    def _repository(self) -> str:
        letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.case.name.lower())
        return f"{self.builder}/{letters.replace('--', '-').strip('-')}"

    def _fetched(self, name: str) -> bytes:
        """As the file of an OCI layout that has this image alone."""
        if name == "index.json":
            _, digest, media = self._get("manifests/latest")
            return json.dumps({"manifests": [{"digest": digest, "mediaType": media}]}).encode()
        digest = name.removeprefix("blobs/").replace("/", ":")
        try:
            return self._get(f"blobs/{digest}")[0]
        except urllib.error.HTTPError:
            return self._get(f"manifests/{digest}")[0]

    def _get(self, path: str) -> tuple[bytes, str, str]:
        request = urllib.request.Request(
            f"http://{self.registry}/v2/{self._repository}/{path}", headers={"Accept": _MANIFESTS}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            headers = answer.headers
            return answer.read(), headers["Docker-Content-Digest"], headers["Content-Type"]
