"""The corpus: files of many cases, each a few options and a Dockerfile.

::

    ===== name of the case
    covers: FROM AS
    opt build-arg:VERSION=3
    image app:1 {"Env": ["A=b"]}
    file dockerfile Dockerfile.dockerignore "*.md\\n"
    -----
    FROM app:1

``covers`` names rows of the coverage table. ``opt`` is an attribute of the frontend, ``image`` the
config of an image that a registry has, ``file`` a file of a source as a JSON string, ``time`` when
a source was made, ``worker`` the platform of the machine. ``escaped`` says that the Dockerfile is
written with Python's escapes, and ends where they end; ``fill`` how many letters "{fill}" is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
_DEFAULT_IMAGES: Mapping[str, Mapping[str, object]] = {
    "busybox": {"Cmd": ["sh"]},
    "alpine": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
    "debian": {"Env": ["PATH=/usr/bin:/bin", "LANG=C"], "Cmd": ["bash"], "WorkingDir": "/work"},
    "golang": {"Env": ["PATH=/go/bin:/bin", "GOPATH=/go"], "WorkingDir": "/go"},
    "nginx": {
        "Entrypoint": ["/docker-entrypoint.sh"],
        "Cmd": ["nginx", "-g", "daemon off;"],
        "ExposedPorts": {"80/tcp": {}},
        "StopSignal": "SIGQUIT",
        "Labels": {"maintainer": "nobody"},
        "User": "nginx",
        "Volumes": {"/cache": {}},
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    """``images`` are configs by canonical reference, as bytes; ``files`` by source and path."""

    name: str
    dockerfile: bytes
    covers: tuple[str, ...] = ()
    opts: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, bytes] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    worker: str = "linux/amd64"

    @property
    def filename(self) -> str:
        return self.opts.get("filename", "Dockerfile")


@cache
def corpus(directory: Path = CORPUS) -> tuple[Case, ...]:
    """Every case, in the order of the files and in them. Raises ValueError."""
    found = [case for path in sorted(directory.glob("*.txt")) for case in _cases_of(path)]
    names = [case.name for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases of one name: {sorted(twice)}")
    return tuple(found)


def case_of(name: str, dockerfile: bytes) -> Case:
    """``dockerfile`` with nothing but the images that every case has."""
    images = dict(_image(key, config) for key, config in _DEFAULT_IMAGES.items())
    return Case(name, dockerfile, images=images, files={"dockerfile": {}, "context": {}})


def _cases_of(path: Path) -> Iterator[Case]:
    text = path.read_text(encoding="utf-8")
    for part in text.split("===== ")[1:]:
        head, dash, dockerfile = part.partition("-----\n")
        if not dash:
            raise ValueError(f"{path.name}: no ----- line in {part.splitlines()[0]}")
        name, *lines = head.splitlines()
        yield _case(f"{path.stem}: {name}", lines, dockerfile)


def _case(name: str, lines: list[str], dockerfile: str) -> Case:
    covers: list[str] = []
    opts: dict[str, str] = {}
    images = dict(_DEFAULT_IMAGES)
    files: dict[str, dict[str, bytes]] = {"dockerfile": {}, "context": {}}
    times: dict[str, str] = {}
    worker, escaped = "linux/amd64", False
    filling = 0
    for line in lines:
        word, _, rest = line.partition(" ")
        match word:
            case "covers:":
                covers += [each.strip() for each in rest.split(";")]
            case "opt":
                key, _, opts_value = rest.partition("=")
                opts[key] = opts_value.encode().decode("unicode_escape")
            case "image":
                key, _, config = rest.partition(" {")
                images[key] = json.loads("{" + config)
            case "file":
                source, place, content = rest.split(" ", 2)
                files.setdefault(source, {})[place] = json.loads(content).encode()
            case "time":
                source, when = rest.split(" ", 1)
                times[source] = when
            case "worker":
                worker = rest
            case "fill":
                filling = int(rest)
            case "escaped":
                escaped = True
            case _:
                raise ValueError(f"{name}: what is {line!r}?")
    data = dockerfile.replace("{fill}", "x" * filling).encode()
    if escaped:
        data = dockerfile.strip("\n").encode().decode("unicode_escape").encode("latin-1")
    configs = dict(_image(key, config) for key, config in images.items())
    return Case(name, data, tuple(covers), opts, configs, files, times, worker)


def _image(key: str, config: Mapping[str, object]) -> tuple[str, bytes]:
    """(canonical reference, with the platform where one was written; bytes of the config)."""
    name, _, platform = key.partition(" ")
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif not any(mark in first for mark in ".:") and first != "localhost":
        name = f"docker.io/{name}"
    if ":" not in name.rpartition("/")[2] and "@" not in name:
        name += ":latest"
    system, architecture, *variant = (platform or "linux/amd64").split("/")
    document: dict[str, object] = {"architecture": architecture, "os": system}
    if variant:
        document["variant"] = variant[0]
    document["config"] = config.get("config", config)
    layers = config.get("layers", [f"sha256:{1:064x}"])
    document["rootfs"] = {"type": "layers", "diff_ids": layers}
    document["history"] = [{"created_by": "base", "created": "2020-01-02T03:04:05Z"}]
    document["created"] = "2020-01-02T03:04:05Z"
    document.update(config.get("document", {}))  # type: ignore[call-overload]
    key = f"{name} {platform}" if platform else name
    return key, json.dumps(document, separators=(",", ":")).encode()
