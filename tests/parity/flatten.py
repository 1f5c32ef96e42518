"""An image file as what a container of it would see: paths with their metadata, and its config.

Reads OCI layouts (directories or tars of them) and ``docker save`` tars. Whiteouts are applied as
OCI image-spec, layer.md ("Whiteouts") has it. Independent of the product on purpose.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

Read = Callable[[str], bytes]

KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.LNKTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
}
COMPARED = (
    "User",
    "Env",
    "Cmd",
    "Entrypoint",
    "WorkingDir",
    "ExposedPorts",
    "Volumes",
    "StopSignal",
    "Shell",
    "Labels",
    "Healthcheck",
    "OnBuild",
)
"""Keys of an image's ``config`` object that say how it runs."""


@dataclass(frozen=True)
class Node:
    """One path of the file system. ``group`` names a file's first hard link, itself included."""

    kind: str
    mode: int
    uid: int
    gid: int
    size: int = 0
    sha256: str = ""
    link: str = ""
    device: tuple[int, int] = (0, 0)
    group: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Flat:
    """A whole image: its tree, ``config``, and history as (command, whether it has no layer)."""

    nodes: dict[str, Node]
    config: dict[str, Any]
    platform: str = ""
    history: tuple[tuple[str, bool], ...] = ()
    layers: int = 0


@dataclass
class _Tree:
    nodes: dict[str, Node] = field(default_factory=dict)

    def apply(self, layer: tarfile.TarFile) -> None:
        own: set[str] = set()
        for member in layer:
            path = _clean(member.name)
            name = PurePosixPath(path).name
            parent = path.rpartition("/")[0]
            if name == ".wh..wh..opq":
                self._drop_below(parent, keep=own)
            elif name.startswith(".wh."):
                gone = f"{parent}/{name[4:]}"
                self._drop_below(gone, keep=own)
                if gone not in own:
                    self.nodes.pop(gone, None)
            elif path:
                self._put(path, member, layer)
                own.add(path)

    def _put(self, path: str, member: tarfile.TarInfo, layer: tarfile.TarFile) -> None:
        if not member.isdir():
            self._drop_below(path, keep=set())
        if member.islnk():
            self.nodes[path] = self.nodes[_clean(member.linkname)]
            return
        file = layer.extractfile(member) if member.isreg() else None
        self.nodes[path] = Node(
            kind=KINDS[member.type],
            mode=0 if member.issym() else member.mode & 0o7777,
            uid=member.uid,
            gid=member.gid,
            size=member.size if member.isreg() else 0,
            sha256=hashlib.sha256(file.read()).hexdigest() if file else "",
            link=member.linkname if member.issym() else "",
            device=(member.devmajor, member.devminor)
            if member.ischr() or member.isblk()
            else (0, 0),
            group=path if member.isreg() else "",
            xattrs=tuple(
                sorted(
                    (
                        key.removeprefix("SCHILY.xattr."),
                        value.encode("utf-8", "surrogateescape").hex(),
                    )
                    for key, value in member.pax_headers.items()
                    if key.startswith("SCHILY.xattr.")
                )
            ),
        )

    def _drop_below(self, path: str, keep: set[str]) -> None:
        for below in [p for p in self.nodes if p.startswith(path + "/") and p not in keep]:
            del self.nodes[below]


def flatten(image: Path) -> Flat:
    """The only image of ``image``; attestations beside it are left out."""
    if image.is_dir():
        return _flatten(lambda name: (image / name).read_bytes())
    with tarfile.open(image) as archive:
        names = {_clean(member.name): member for member in archive}

        def read(name: str) -> bytes:
            member = names["/" + name]
            while member.issym():
                member = names[_clean(str(PurePosixPath(member.name).parent / member.linkname))]
            file = archive.extractfile(member)
            assert file is not None, f"{name} of {image} is not a file"
            return file.read()

        return _flatten(read, docker="/index.json" not in names)


def _flatten(read: Read, docker: bool = False) -> Flat:
    if docker:
        (entry,) = json.loads(read("manifest.json"))
        config_name, layer_names = entry["Config"], entry["Layers"]
    else:
        manifest = _image_manifest(read, json.loads(read("index.json")))
        config_name = _blob(manifest["config"]["digest"])
        layer_names = [_blob(layer["digest"]) for layer in manifest["layers"]]
    config = json.loads(read(config_name))
    tree = _Tree()
    for name, diff_id in zip(layer_names, config["rootfs"]["diff_ids"], strict=True):
        plain = _decompress(read(name))
        assert "sha256:" + hashlib.sha256(plain).hexdigest() == diff_id, f"diff ID of {name}"
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as layer:
            tree.apply(layer)
    return Flat(
        nodes=dict(_with_groups(tree.nodes)),
        config=_compared(config["config"]),
        platform=f"{config['os']}/{config['architecture']}",
        history=tuple(
            (h.get("created_by", ""), bool(h.get("empty_layer"))) for h in config["history"]
        ),
        layers=len(layer_names),
    )


def _compared(config: dict[str, Any]) -> dict[str, Any]:
    """Empty is as good as absent, and buildah's label is about buildah."""
    labels = {k: v for k, v in (config.get("Labels") or {}).items() if k != "io.buildah.version"}
    return {k: v for k in COMPARED if (v := {**config, "Labels": labels}.get(k))}


def _image_manifest(read: Read, index: dict[str, Any]) -> dict[str, Any]:
    images = [
        m for m in index["manifests"] if "vnd.docker.reference.type" not in m.get("annotations", {})
    ]
    digests = {m["digest"] for m in images}
    assert len(digests) == 1, f"{len(digests)} images where one was expected"
    document: dict[str, Any] = json.loads(read(_blob(digests.pop())))
    return _image_manifest(read, document) if "manifests" in document else document


def _with_groups(nodes: dict[str, Node]) -> Iterator[tuple[str, Node]]:
    """Hard links share one Node object: name each group by its least path that is left."""
    first: dict[int, str] = {}
    for path in sorted(nodes):
        first.setdefault(id(nodes[path]), path)
    for path, node in sorted(nodes.items()):
        values = {f.name: getattr(node, f.name) for f in fields(Node)}
        yield path, Node(**{**values, "group": first[id(node)] if node.group else ""})


def _decompress(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(data)
        except zlib.error as error:
            raise AssertionError(f"a layer is no gzip: {error}") from error
    if data[:4] == b"\x28\xb5\x2f\xfd":
        done = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True)
        return done.stdout
    return data


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _clean(name: str) -> str:
    """``/a/b`` for any spelling of it in a tar; ``""`` for the root itself."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "".join("/" + part for part in parts)


def differences(ours: Flat, theirs: Flat) -> dict[str, str]:
    """What differs: ``path /a`` or ``config Env`` or ``platform`` -> how, ours first."""
    found = {}
    if ours.platform != theirs.platform:
        found["platform"] = f"{ours.platform} != {theirs.platform}"
    for key in COMPARED:
        left, right = ours.config.get(key), theirs.config.get(key)
        if left != right:
            found[f"config {key}"] = f"{left!r} != {right!r}"
    for path in sorted(ours.nodes.keys() | theirs.nodes.keys()):
        one, other = ours.nodes.get(path), theirs.nodes.get(path)
        if one is None or other is None:
            found[f"path {path}"] = "only theirs" if one is None else "only ours"
        elif one != other:
            found[f"path {path}"] = ", ".join(
                f"{f.name} {_show(f.name, getattr(one, f.name))} != "
                f"{_show(f.name, getattr(other, f.name))}"
                for f in fields(Node)
                if getattr(one, f.name) != getattr(other, f.name)
            )
    return found


def _show(name: str, value: object) -> str:
    return oct(value) if name == "mode" and isinstance(value, int) else repr(value)
