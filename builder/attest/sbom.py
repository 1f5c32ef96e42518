"""An SBOM of a result, by a scanner that is an image: BuildKit's protocol of generators.

The scanner runs as a step with the result mounted at ``/run/src/core/sbom``, and writes
in-toto statements (``*.spdx.json``) to ``/run/out/``; ``BUILDKIT_SCAN_*`` tell it so.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from builder.attest.manifest import Predicate
from builder.attest.options import AttestError
from builder.llb import ops as llb
from builder.llb import wire
from builder.llb.definition import Definition, OpMetadata
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference

SPDX = "https://spdx.dev/Document"
MOST_BYTES = 40 << 20
_SOURCE, _DESTINATION = "/run/src/core/sbom", "/run/out/"
_CORE = "sbom"


class Scanner(Struct, frozen=True):
    """``image`` with its digest, ``config`` its image config, ``parameters`` for it."""

    image: Reference
    config: Mapping[str, Any]
    parameters: Mapping[str, str] = field(default_factory=dict)


def scan_definition(
    result: Definition, scanner: Scanner, host: Platform, subject: Platform
) -> Definition:
    """The definition whose result is what the scanner wrote about ``result``.

    Raises AttestError for an image that has no command.
    """
    settings = scanner.config.get("config") or {}
    args = (*(settings.get("Entrypoint") or ()), *(settings.get("Cmd") or ()))
    if not args:
        raise AttestError(f"scanner {scanner.image} does not have cmd")
    environment = dict(each.partition("=")[::2] for each in settings.get("Env") or ())
    environment["BUILDKIT_SCAN_DESTINATION"] = _DESTINATION
    environment["BUILDKIT_SCAN_SOURCE"] = _SOURCE
    environment |= {f"BUILDKIT_SCAN_{k}": v for k, v in sorted(scanner.parameters.items())}
    image = wire.encode(
        llb.Op(
            op=llb.SourceOp(f"docker-image://{scanner.image}"),
            platform=host,
            constraints=llb.Constraints(),
        )
    )
    inputs = [llb.Input(Digest.of(image), 0)]
    if result.def_:
        inputs.append(wire.decode(llb.Op, result.def_[-1]).inputs[0])
    mounts = (
        llb.Mount(input=0, dest="/", output=0),
        llb.Mount(input=llb.NO_INPUT, dest=_DESTINATION, output=1),
        llb.Mount(
            input=1 if result.def_ else llb.NO_INPUT,
            dest=_SOURCE,
            output=llb.SKIP_OUTPUT,
            readonly=True,
        ),
        llb.Mount(
            input=llb.NO_INPUT,
            dest="/tmp",  # noqa: S108 - in the sandbox
            output=llb.SKIP_OUTPUT,
            mount_type=llb.MountType.TMPFS,
            tmpfs_opt=llb.TmpfsOpt(),
        ),
    )
    meta = llb.Meta(
        args=args,
        env=tuple(f"{name}={value}" for name, value in environment.items()),
        cwd=str(settings.get("WorkingDir") or "/"),
        remove_mount_stubs_recursive=True,
    )
    step = wire.encode(
        llb.Op(
            inputs=tuple(inputs),
            op=llb.ExecOp(meta=meta, mounts=mounts),
            platform=host,
            constraints=llb.Constraints(),
        )
    )
    last = wire.encode(llb.Op(inputs=(llb.Input(Digest.of(step), 1),)))
    name = f"[{subject}] generating sbom using {scanner.image}"
    metadata = {
        **result.metadata,
        str(Digest.of(image)): OpMetadata(description={"llb.customname": f"FROM {scanner.image}"}),
        str(Digest.of(step)): OpMetadata(description={"llb.customname": name}),
    }
    return Definition((*result.def_[:-1], image, step, last), metadata, result.source)


def read_statements(root: Path) -> list[Predicate]:
    """What a scanner wrote below ``root``, the one about the result itself first. Blocks.

    Raises AttestError for what is no statement, or larger than ``MOST_BYTES``.
    """
    found = []
    for entry in sorted(os.scandir(root), key=lambda entry: os.fsencode(entry.name)):
        data = _regular(entry)
        try:
            document = json.loads(data)
            kind, predicate = document["predicateType"], document["predicate"]
        except (ValueError, KeyError, TypeError) as error:
            raise AttestError(f"the scanner's {entry.name} is no in-toto statement") from error
        if not isinstance(predicate, dict) or not isinstance(kind, str):
            raise AttestError(f"the scanner's {entry.name} is no in-toto statement")
        if kind.startswith("https://slsa.dev/provenance/"):
            raise AttestError("a scanner may not write provenance")
        found.append((entry.name.partition(".")[0] != _CORE, Predicate(kind, predicate)))
    if not any(predicate.type == SPDX for _, predicate in found):
        raise AttestError("the scanner wrote no SBOM")
    return [predicate for _, predicate in sorted(found, key=lambda each: each[0])]


def _regular(entry: os.DirEntry[str]) -> bytes:
    """A file that somebody else wrote: no link is followed, no pipe opened."""
    if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
        raise AttestError(f"the scanner's {entry.name} is not a regular file")
    descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise AttestError(f"the scanner's {entry.name} exceeds {MOST_BYTES} bytes")
    return data
