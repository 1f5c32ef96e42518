"""``--attest``, ``--provenance`` and ``--sbom``, read as docker buildx reads them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from builder.errors import BuilderError
from builder.oci import reference as references
from builder.oci.gobool import parse_bool
from builder.oci.reference import InvalidReference

_KEYS = frozenset(
    {
        "mode",
        "version",
        "builder-id",
        "reproducible",
        "inline-only",
        "filename",
        "complete-materials",
    }
)


class AttestError(BuilderError):
    """An attestation that cannot be made as it was asked for."""


class ProvenanceOptions(Struct, frozen=True):
    """``mode`` is ``min`` or ``max``, ``version`` ``v1`` or ``v0.2``.

    ``inline_only``: for images alone, not for directories. ``complete_materials``: a build
    whose sources are not all known fails.
    """

    mode: str = "max"
    version: str = "v1"
    builder_id: str = ""
    reproducible: bool = False
    inline_only: bool = False
    filename: str = "provenance.json"
    complete_materials: bool = False


class SbomOptions(Struct, frozen=True):
    """``generator`` is the scanner's image; ``parameters`` are for it."""

    generator: str = "docker/buildkit-syft-scanner:stable-1"
    parameters: Mapping[str, str] = field(default_factory=dict)


class Attestations(Struct, frozen=True):
    """What is to be stated about an image."""

    provenance: ProvenanceOptions | None = None
    sbom: SbomOptions | None = None


DEFAULT = ProvenanceOptions(mode="min", inline_only=True)
"""What docker buildx asks for where nobody says anything."""


def parse(
    attest: Sequence[str], provenance: str, sbom: str, environ: Mapping[str, str]
) -> Attestations:
    """The shorthand flags win over ``attest``. Raises AttestError."""
    scan: SbomOptions | None = None
    wanted: ProvenanceOptions | None = DEFAULT
    if parse_bool(environ.get("BUILDX_NO_DEFAULT_ATTESTATIONS", "")):
        wanted = None
    items = [("--attest", text) for text in attest]
    if provenance:
        items.append(("--provenance", _shorthand("provenance", provenance)))
    if sbom:
        items.append(("--sbom", _shorthand("sbom", sbom)))
    for flag, text in items:
        fields = _fields(flag, text)
        kind = fields.pop("type", "")
        if kind not in ("provenance", "sbom"):
            raise AttestError(f"{flag} {text}: type must be provenance or sbom")
        off = _flag(flag, fields.pop("disabled", "false"))
        if kind == "provenance":
            wanted = None if off else _provenance(flag, fields)
        else:
            scan = None if off else _sbom(flag, fields)
    return Attestations(wanted, scan)


def _sbom(flag: str, fields: Mapping[str, str]) -> SbomOptions:
    parameters = dict(fields)
    generator = parameters.pop("generator", SbomOptions().generator)
    try:
        references.parse(generator)
    except InvalidReference as error:
        raise AttestError(f"{flag}: generator {generator!r}: {error.why}") from error
    return SbomOptions(generator, parameters)


def _shorthand(kind: str, text: str) -> str:
    wanted = parse_bool(text)
    if wanted is None:
        return f"type={kind},{text}"
    return f"type={kind}" if wanted else f"type={kind},disabled=true"


def _provenance(flag: str, fields: Mapping[str, str]) -> ProvenanceOptions:
    unknown = sorted(set(fields) - _KEYS)
    if unknown:
        raise AttestError(f"{flag}: unknown key {unknown[0]!r}", hint=", ".join(sorted(_KEYS)))
    mode = {"full": "max"}.get(fields.get("mode", "max"), fields.get("mode", "max"))
    if mode not in ("min", "max"):
        raise AttestError(f"{flag}: invalid mode {mode!r}", hint="choose min or max")
    version = fields.get("version", "v1")
    if version not in ("v1", "v0.2"):
        raise AttestError(f"{flag}: invalid version {version!r}", hint="choose v1 or v0.2")
    filename = fields.get("filename", "provenance.json")
    if not filename or "/" in filename or filename in (".", ".."):
        raise AttestError(f"{flag}: invalid filename {filename!r}")
    return ProvenanceOptions(
        mode=mode,
        version=version,
        builder_id=fields.get("builder-id", ""),
        reproducible=_flag(flag, fields.get("reproducible", "false")),
        inline_only=_flag(flag, fields.get("inline-only", "false")),
        filename=filename,
        complete_materials=_flag(flag, fields.get("complete-materials", "false")),
    )


def _flag(flag: str, text: str) -> bool:
    found = parse_bool(text)
    if found is None:
        raise AttestError(f"{flag}: {text!r} is no boolean")
    return found


def _fields(flag: str, text: str) -> dict[str, str]:
    try:
        row = next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration) as error:
        raise AttestError(f"{flag} {text}: {error}") from error
    out = {}
    for item in row:
        key, equals, value = item.partition("=")
        if not equals:
            raise AttestError(f"{flag} {text}: {item!r} must be a key=value pair")
        out[key.strip()] = value
    return out
