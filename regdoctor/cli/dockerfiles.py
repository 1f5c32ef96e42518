"""The images that a build of a context or a Dockerfile would need."""

from __future__ import annotations

from pathlib import Path

from builder.frontend import dockerfile
from builder.frontend.dockerfile import ConvertOptions, DockerfileError
from builder.oci.reference import InvalidReference, Reference, parse
from regdoctor.cli.faults import UsageError


def references_of(path: Path) -> tuple[tuple[Reference, str], ...]:
    """Every image of the file, or of the Dockerfile in the directory, each once for each
    platform that it is wanted for.

    The frontend that ``# syntax=`` names is not among them: ours stands in for it. Raises
    UsageError.
    """
    file = _dockerfile(path)
    try:
        uses = dockerfile.references(
            dockerfile.parse(file.read_bytes(), file.name), ConvertOptions()
        )
    except DockerfileError as error:
        line = f":{error.ranges[0].start}" if error.ranges else ""
        raise UsageError(f"{file}{line}: {error}", hint=error.hint) from error
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    found: dict[tuple[Reference, str], None] = {}
    for use in uses:
        if use.why == "syntax":
            continue
        try:
            found[parse(use.reference), str(use.platform)] = None
        except InvalidReference as error:
            raise UsageError(f"{file}:{use.line}: {error}") from error
    return tuple(found)


def _dockerfile(path: Path) -> Path:
    if not path.exists():
        raise UsageError(f"{path}: no such file or directory")
    if not path.is_dir():
        return path
    for name in ("Dockerfile", "dockerfile"):
        if (path / name).is_file():
            return path / name
    hint = "name an image, a registry (host:port), a URL, or the directory of a Dockerfile"
    raise UsageError(f"{path}: there is no Dockerfile in it", hint=hint)
