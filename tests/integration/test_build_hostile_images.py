"""Base images and Dockerfiles that are nonsense: one line says why, and none is our fault."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import Builds, Ended, serve_base
from tests.fixtures.registry import Registry, Store

pytestmark = [pytest.mark.integration, pytest.mark.root]
_REPOSITORY = "base/busybox"
Document = dict[str, Any]


@dataclass
class Base:
    """The BusyBox image of a registry, to be spoilt."""

    store: Store
    builds: Builds

    def _document(self, data: bytes | None) -> Document:
        assert data is not None
        document: Document = json.loads(data)
        return document

    def spoilt(
        self,
        config: Callable[[Document], object] = lambda document: None,
        manifest: Callable[[Document], object] = lambda document: None,
        layer: bytes = b"",
    ) -> str:
        """A reference of the image after ``config``, ``manifest``; ``layer`` on top."""
        stored = self.store.manifest(_REPOSITORY, "1")
        assert stored is not None
        document = self._document(stored.data)
        inner = self._document(self.store.blob(_REPOSITORY, document["config"]["digest"]))
        if layer:
            digest = self.store.add_blob(_REPOSITORY, layer)
            added = {"digest": digest, "size": len(layer)}
            document["layers"].append({**document["layers"][0], **added})
            inner["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(layer).hexdigest())
        config(inner)
        data = json.dumps(inner).encode()
        digest = self.store.add_blob(_REPOSITORY, data)
        document["config"].update(digest=digest, size=len(data))
        manifest(document)
        self.store.add_manifest(
            _REPOSITORY, json.dumps(document).encode(), document["mediaType"], "spoilt"
        )
        return self.builds.base.replace(":1", ":spoilt")

    def run(self, reference: str, rest: str = "RUN true\n") -> Ended:
        ended = self.builds.run(self.builds.context(f"FROM {reference}\n{rest}"))
        assert "Traceback" not in ended.text
        assert ended.code in (0, 1), ended.text
        return ended

    def refused(self, reference: str, *texts: str) -> None:
        ended = self.run(reference)
        assert ended.code == 1, ended.text
        for text in texts:
            assert text in ended.stderr, ended.stderr


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Base]:
    store = Store()
    server, reference = serve_base(tmp_path, Registry(store))
    with server:
        yield Base(store, Builds(tmp_path, reference))


@pytest.mark.parametrize("value", [5, True, "text", {"a": 1}, [["x"]]], ids=repr)
@pytest.mark.parametrize("key", ["Env", "OnBuild", "WorkingDir"])
def test_a_setting_of_the_wrong_type_is_named(base: Base, key: str, value: object) -> None:
    if isinstance(value, str) and key == "WorkingDir":
        return
    reference = base.spoilt(config=lambda config: config["config"].update({key: value}))
    base.refused(
        reference, "failed to parse image config: json: cannot unmarshal", f"Image.config.{key}"
    )


@pytest.mark.parametrize(
    ("key", "text"),
    [("Env", "environment variable name can't be empty"), ("OnBuild", "no instructions")],
)
def test_null_in_a_list_is_an_empty_word(base: Base, key: str, text: str) -> None:
    base.refused(base.spoilt(config=lambda config: config["config"].update({key: [None]})), text)


@pytest.mark.parametrize(
    ("rootfs", "text"),
    [
        (5, "DockerOCIImage.rootfs of type v1.RootFS"),
        ({"diff_ids": 5}, "DockerOCIImage.rootfs.diff_ids of type []digest.Digest"),
        ({"diff_ids": ["sha256:../../../etc/passwd"]}, "invalid digest"),
        ({"diff_ids": ["sha256:" + "0" * 64] * 2}, "2 diff IDs, 1 layers"),
        ({"diff_ids": ["sha256:" + "0" * 64]}, "layer has diff ID"),
    ],
)
def test_diff_ids_that_are_not_the_layers_are_refused(
    base: Base, rootfs: object, text: str
) -> None:
    base.refused(base.spoilt(config=lambda config: config.update(rootfs=rootfs)), text)


def test_an_index_of_thousands_is_not_listed_to_its_end(base: Base) -> None:
    kind = "application/vnd.oci.image.index.v1+json"

    def many(document: Document) -> None:
        entry = {"mediaType": document["mediaType"], "digest": "sha256:" + "0" * 64, "size": 9}
        platforms = ({"os": "linux", "architecture": f"a{n}"} for n in range(5000))
        document.clear()
        document.update(mediaType=kind, schemaVersion=2)
        document["manifests"] = [{**entry, "platform": platform} for platform in platforms]

    ended = base.run(base.spoilt(manifest=many))
    assert "no match for platform in manifest" in ended.stderr
    assert "linux/a19 and 4980 more" in ended.stderr


def _tar(*members: tuple[str, bytes, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.size = 4 if info.isreg() else 0
            tar.addfile(info, io.BytesIO(b"evil"))
    return out.getvalue()


def test_a_layer_writes_nothing_outside_its_tree(base: Base, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    up = "../" * 30
    layer = _tar(
        (f"{up}{outside}/a", tarfile.REGTYPE, ""),
        (f"{outside}/b", tarfile.REGTYPE, ""),
        ("absolute", tarfile.SYMTYPE, str(outside)),
        ("absolute/c", tarfile.REGTYPE, ""),
        ("relative", tarfile.SYMTYPE, f"{up}{outside}"),
        ("relative/d", tarfile.REGTYPE, ""),
        ("relative/.wh.gone", tarfile.REGTYPE, ""),
        (f"{up}etc/.wh.hostname", tarfile.REGTYPE, ""),
    )
    (outside / "gone").touch()
    ended = base.run(base.spoilt(layer=layer), f"RUN cd {outside} && echo saw *\n")
    assert " saw a b c d\n" in ended.stderr, ended.stderr
    assert [path.name for path in outside.iterdir()] == ["gone"]
    assert Path("/etc/hostname").exists()
    link = _tar(("hard", tarfile.LNKTYPE, f"{outside}/gone"))
    base.refused(base.spoilt(layer=link), "hard link", "does not exist")


@pytest.mark.parametrize("syntax", ["   ", "\t", "\x1b[31mx", "evil.example/docker/dockerfile@x"])
def test_an_odd_syntax_line_is_no_fault_of_ours(base: Base, syntax: str) -> None:
    context = base.builds.context(f"# syntax={syntax}\nFROM scratch\nCOPY Dockerfile /\n")
    for arguments in ((context,), ("--build-arg", f"BUILDKIT_SYNTAX={syntax}", context)):
        ended = base.builds.run(*arguments)
        assert ended.code == (1 if syntax.strip() else 0), ended.text
        assert "\x1b" not in ended.text
        assert "Traceback" not in ended.text


def test_patterns_and_variables_cannot_take_for_ever(base: Base) -> None:
    pattern = "*a" * 40 + "b"
    context = base.builds.context(f"FROM BASE\nCOPY {pattern} /x/\n", **{"a" * 200: "x"})
    assert base.builds.run(context).code == 0  # what matches nothing copies nothing
    grow = "".join(f"ENV A{n}={f'$A{n - 1}' * 8}\n" for n in range(1, 14))
    ended = base.run(base.builds.base, f"ENV A0=xxxxxxxxxx\n{grow}")
    assert "variables expand to more than" in ended.stderr
