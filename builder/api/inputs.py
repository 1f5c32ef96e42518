"""What a build reads before it starts: the Dockerfile and its ignore file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.api.errors import RequestError
from builder.api.request import BuildRequest
from builder.frontend.dockerfile.ignore import read_patterns

_LIMIT = 16 << 20
"""Most bytes of a Dockerfile or ignore file."""


@dataclass(frozen=True, slots=True)
class BuildFiles:
    """``name`` is what the Dockerfile is called in messages; ``sent`` counts the bytes of an
    ignore file as a transfer would show them."""

    name: str
    source: bytes
    ignore_patterns: tuple[str, ...]
    sent: int


def read_files(request: BuildRequest) -> BuildFiles:
    """Raises RequestError where the context or a file in it is missing or unreadable."""
    context = request.context
    if not context.is_dir():
        if context.exists():
            raise RequestError(
                f"unable to prepare context: path {str(context)!r} is not a directory",
                hint="give the directory, and the Dockerfile with -f",
            )
        raise RequestError(f'unable to prepare context: path "{context}" not found')
    if request.dockerfile_text is not None:
        name, source, ignore = "Dockerfile", request.dockerfile_text, None
    else:
        path = _dockerfile(request)
        name, source = path.name, _read(path, f"failed to read dockerfile: open {path.name}")
        ignore = path.with_name(path.name + ".dockerignore")
    patterns, size = _ignore(request, ignore)
    return BuildFiles(name, source, patterns, size)


def _dockerfile(request: BuildRequest) -> Path:
    if request.dockerfile:
        path = Path(request.dockerfile)
        # docker takes -f from where one stands; BuildKit's own client from the context
        if not path.exists() and not path.is_absolute():
            inside = request.context / path
            path = inside if inside.exists() else path
        return path
    path = request.context / "Dockerfile"
    lower = request.context / "dockerfile"
    return lower if not path.exists() and lower.exists() else path


def _ignore(request: BuildRequest, beside: Path | None) -> tuple[tuple[str, ...], int]:
    if request.ignore_file is not None:
        candidates = [request.ignore_file]
        if not request.ignore_file.exists():
            raise RequestError(f"--ignore-file {request.ignore_file}: no such file")
    else:
        candidates = [] if beside is None else [beside]
        candidates.append(request.context / ".dockerignore")
    for path in candidates:
        if path.exists():
            data = _read(path, f"failed to read {path.name}")
            return read_patterns(data), len(data) + len(path.name) + 2
    return (), 2


def _read(path: Path, doing: str) -> bytes:
    try:
        if path.stat().st_size > _LIMIT:
            raise RequestError(f"{doing}: larger than {_LIMIT >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise RequestError(
            f"{doing}: {(error.strerror or str(error)).lower()}",
            hint=f"looked for {path}; name another Dockerfile with -f FILE"
            if "dockerfile" in doing
            else "",
        ) from error
