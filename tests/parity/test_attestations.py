"""What we state about an image, beside what BuildKit states about the same build."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.programs import COMPILED
from tests.parity.builders import BuildKit, Ours, run
from tests.parity.conftest import Start

pytestmark = [pytest.mark.slow, pytest.mark.root]

DOCKERFILE = """
ARG BASE
FROM $BASE AS made
ARG WORD=none
COPY a /
WORKDIR /w
RUN --mount=type=secret,id=token --mount=type=cache,target=/c echo $WORD >/w/b
FROM $BASE
COPY --from=made --chmod=600 /w/b /b
"""


def stated(archive: Path) -> Any:
    """The attestation manifest of an OCI archive, and the statement in it."""
    with tarfile.open(archive) as tar:
        blobs = {m.name: tar.extractfile(m).read() for m in tar if m.isreg()}  # type: ignore[union-attr]

    def read(digest: str) -> Any:
        return json.loads(blobs[f"blobs/{digest.replace(':', '/')}"])

    index = read(json.loads(blobs["index.json"])["manifests"][0]["digest"])
    manifest = read(index["manifests"][-1]["digest"])
    return manifest, read(manifest["layers"][0]["digest"])


@pytest.mark.parametrize("options", ["mode=min", "mode=max", "mode=max,version=v0.2"])
def test_a_statement_has_the_members_and_values_of_buildkit_s(
    base: str, start: Start, tmp_path: Path, options: str
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "a").write_text("a")
    (context / "Dockerfile").write_text(DOCKERFILE)
    theirs, ours = tmp_path / "theirs.tar", tmp_path / "ours.tar"
    kit, own = start("buildkit"), start("ours")
    assert isinstance(kit, BuildKit)
    assert isinstance(own, Ours)
    run(
        [
            *(str(COMPILED / "buildctl"), "--addr", kit.address, "build"),
            *("--frontend", "dockerfile.v0", "--opt", f"build-arg:BASE={base}"),
            *("--opt", "build-arg:WORD=said", "--opt", f"attest:provenance={options}"),
            *("--opt", "filename=Dockerfile"),
            *("--local", f"context={context}", "--local", f"dockerfile={context}"),
            *("--output", f"type=oci,dest={theirs},name=made.example/it:1"),
        ]
    )
    own.write_config(base)
    run(
        [
            *own.command,
            *("--build-arg", f"BASE={base}", "--build-arg", "WORD=said"),
            *("--provenance", options, "-o", f"type=oci,dest={ours},name=made.example/it:1"),
            str(context),
        ]
    )
    their_manifest, their_statement = stated(theirs)
    our_manifest, our_statement = stated(ours)
    assert _plain(our_manifest, _MANIFEST) == _plain(their_manifest, _MANIFEST)
    assert _plain(our_statement, _STATEMENT) == _plain(their_statement, _STATEMENT)
    assert list(_keys(our_statement)) == list(_keys(their_statement))


_MANIFEST = ("digest", "size")
_STATEMENT = (
    *("invocationId", "startedOn", "finishedOn"),
    *("buildInvocationID", "buildStartedOn", "buildFinishedOn"),
    *("subject", "dockerfileVersion", "layers", "digestMapping", "id"),
)
"""What differs from run to run, or is of one program: times and names of a run, digests of
layers that two compressors made, the version of a frontend."""


def _plain(value: Any, left_out: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v, left_out) for k, v in value.items() if k not in left_out}
    if isinstance(value, list):
        return [_plain(item, left_out) for item in value]
    return value


def _keys(value: Any) -> Any:
    """The order of members, which the bytes depend on."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("dockerfileVersion", "layers", "digestMapping"):
                yield key
                yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
