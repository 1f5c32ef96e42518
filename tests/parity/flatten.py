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
from dataclasses import dataclass, field, fields, replace
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
    contents: tuple[tuple[str, ...], ...] = ()
    """The names that each layer has, whiteouts among them."""
    document: dict[str, Any] = field(default_factory=dict)
    """The whole config without times and digests; what is empty is left out."""
    media: tuple[Any, ...] = field(default=(), compare=False)
    """Types and annotations of the manifest and of what it names."""
    diff_ids: tuple[str, ...] = field(default=(), compare=False)


Entry = tuple[str, "Node | str"]
"""A path of a layer and what is there; of a hard link the path that it is one of."""


@dataclass
class _Tree:
    nodes: dict[str, Node] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)
    """What ever had something below it: of other paths nothing need be looked for."""

    def apply(self, layer: tuple[Entry, ...]) -> None:
        own: set[str] = set()
        for path, found in layer:
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
                self._put(path, found)
                own.add(path)

    def _put(self, path: str, found: Node | str) -> None:
        self.parents.update(map(str, PurePosixPath(path).parents))
        if isinstance(found, str):
            self._drop_below(path, keep=set())
            self.nodes[path] = self.nodes[found]
            return
        if found.kind != "directory":
            self._drop_below(path, keep=set())
        # a Node of its own, since the entries of a layer serve several images
        self.nodes[path] = replace(found)

    def _drop_below(self, path: str, keep: set[str]) -> None:
        if path and path not in self.parents:
            return
        for below in [p for p in self.nodes if p.startswith(path + "/") and p not in keep]:
            del self.nodes[below]


def _entries(layer: tarfile.TarFile) -> Iterator[Entry]:
    for member in layer:
        path = _clean(member.name)
        yield path, _clean(member.linkname) if member.islnk() else _node(path, member, layer)


def _node(path: str, member: tarfile.TarInfo, layer: tarfile.TarFile) -> Node:
    file = layer.extractfile(member) if member.isreg() else None
    return Node(
        kind=KINDS[member.type],
        mode=0 if member.issym() else member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        size=member.size if member.isreg() else 0,
        sha256=hashlib.sha256(file.read()).hexdigest() if file else "",
        link=member.linkname if member.issym() else "",
        device=(member.devmajor, member.devminor) if member.ischr() or member.isblk() else (0, 0),
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


def flatten(image: Path) -> Flat:
    """The only image of ``image``; attestations beside it are left out."""
    (flat,) = flatten_all(image)
    return flat


def flatten_all(image: Path) -> list[Flat]:
    """The images of ``image``, one for each platform, in their order."""
    if image.is_dir():
        return flatten_by(lambda name: (image / name).read_bytes())
    with tarfile.open(image) as archive:
        names = {_clean(member.name): member for member in archive}

        def read(name: str) -> bytes:
            member = names["/" + name]
            while member.issym():
                member = names[_clean(str(PurePosixPath(member.name).parent / member.linkname))]
            file = archive.extractfile(member)
            assert file is not None, f"{name} of {image} is not a file"
            return file.read()

        return flatten_by(read, docker="/index.json" not in names)


def flatten_tree(image: Path) -> Flat:
    """A directory, or a tar of one, as if it were the only layer of an image.

    Files of a directory belong to whoever wrote it: their owners are left out.
    """
    made = image
    if image.is_dir():
        made = image.with_name(f"{image.name}.packed")
        with tarfile.open(made, "w", format=tarfile.PAX_FORMAT) as out:
            for path in sorted(image.rglob("*")):
                out.add(path, str(path.relative_to(image)), recursive=False, filter=_disowned)
    tree = _Tree()
    with tarfile.open(made) as layer:
        tree.apply(tuple(_entries(layer)))
    return Flat(dict(_with_groups(tree.nodes)), {})


def _disowned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    return member


def flatten_by(read: Read, docker: bool = False) -> list[Flat]:
    """The images of what ``read`` gives by the names of an OCI layout, or of a docker archive."""
    if docker:
        (entry,) = json.loads(read("manifest.json"))
        return [_flatten(read, entry["Config"], entry["Layers"])]
    return [
        _flatten(
            read,
            _blob(manifest["config"]["digest"]),
            [_blob(layer["digest"]) for layer in manifest["layers"] or ()],
            media=(media, _media(manifest)),
        )
        for media, manifest in _image_manifests(read, json.loads(read("index.json")))
    ]


def _flatten(
    read: Read, config_name: str, layer_names: list[str], media: tuple[Any, ...] = ()
) -> Flat:
    config = json.loads(read(config_name))
    tree, contents = _Tree(), []
    for name, diff_id in zip(layer_names, config["rootfs"]["diff_ids"] or (), strict=True):
        entries = _layer(diff_id, read(name), name)
        contents.append(tuple(sorted(path for path, _ in entries)))
        tree.apply(entries)
    return Flat(
        nodes=dict(_with_groups(tree.nodes)),
        config=_compared(config["config"]),
        platform=f"{config['os']}/{config['architecture']}",
        history=tuple(
            (h.get("created_by", ""), bool(h.get("empty_layer"))) for h in config["history"]
        ),
        layers=len(layer_names),
        contents=tuple(contents),
        document=_document(config),
        media=media,
        diff_ids=tuple(config["rootfs"]["diff_ids"] or ()),
    )


def _layer(diff_id: str, packed: bytes, name: str) -> tuple[Entry, ...]:
    """What a layer has; that of a base image, which many have, is read once."""
    packed_digest = hashlib.sha256(packed).hexdigest()
    known = _READ.get((diff_id, packed_digest))
    if known is None:
        plain = _decompress(packed)
        assert "sha256:" + hashlib.sha256(plain).hexdigest() == diff_id, f"diff ID of {name}"
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as layer:
            known = tuple(_entries(layer))
        _READ[diff_id, packed_digest] = known
    return known


_READ: dict[tuple[str, str], tuple[Entry, ...]] = {}


def _document(config: dict[str, Any]) -> dict[str, Any]:
    history = [{k: v for k, v in h.items() if k != "created"} for h in config["history"]]
    rootfs = {**config["rootfs"], "diff_ids": None}
    found = {**config, "created": None, "history": history, "rootfs": rootfs}
    return {key: value for key, value in found.items() if value}


def _media(manifest: dict[str, Any]) -> list[Any]:
    """What a manifest says besides digests and sizes."""
    named = [manifest["config"], *(manifest["layers"] or ())]
    plain = [{k: v for k, v in each.items() if k not in ("digest", "size")} for each in named]
    return [manifest.get("mediaType"), manifest.get("annotations"), plain]


def _compared(config: dict[str, Any]) -> dict[str, Any]:
    """Empty is as good as absent, and buildah's label is about buildah."""
    labels = {k: v for k, v in (config.get("Labels") or {}).items() if k != "io.buildah.version"}
    return {k: v for k in COMPARED if (v := {**config, "Labels": labels}.get(k))}


def _image_manifests(
    read: Read, index: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """How an image is named (without digest and times) and its manifest, each image once."""
    seen = set()
    for entry in index["manifests"]:
        if "vnd.docker.reference.type" in entry.get("annotations", {}) or entry["digest"] in seen:
            continue
        seen.add(entry["digest"])
        document: dict[str, Any] = json.loads(read(_blob(entry["digest"])))
        if "manifests" in document:
            yield from _image_manifests(read, document)
        else:
            yield {k: v for k, v in entry.items() if k in ("mediaType", "platform")}, document


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


def exact_differences(ours: Flat, theirs: Flat, *, dated: bool = False) -> dict[str, str]:
    """As ``differences``, and what else two images of one builder have in common.

    ``dated``: all times were set, so that layers are equal to the byte.
    """
    found = differences(ours, theirs)
    for name in ("history", "document", "media", *(("diff_ids",) if dated else ())):
        left, right = getattr(ours, name), getattr(theirs, name)
        if left != right:
            found[name] = f"{left!r} != {right!r}"
    if ours.layers != theirs.layers:
        found["layers"] = f"{ours.layers} != {theirs.layers}"
    for number, (one, other) in enumerate(zip(ours.contents, theirs.contents, strict=False)):
        if one != other:
            more, less = sorted({*one} - {*other}), sorted({*other} - {*one})
            found[f"layer {number}"] = f"only ours {more}, only theirs {less}"
    return found
