"""The images that a build of a context or a Dockerfile would need, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.frontend import dockerfile
from builder.frontend.dockerfile import (
    BlankBaseError,
    ConvertOptions,
    Dockerfile,
    DockerfileError,
    ImageUse,
)
from builder.frontend.dockerfile.instructions import Copy, Copying, Run
from builder.oci.reference import InvalidReference, Reference, parse
from regdoctor.cli.faults import UsageError
from regdoctor.observations.written import BuildKitOnly, DockerfileLook, WrittenReference

_VARIABLE = re.compile(r"\$\{?(\w+)")


@dataclass(frozen=True, slots=True)
class Looked:
    """``uses`` are the images that can be asked for, each once for each platform that it is
    wanted for; ``noted`` are observations, by name."""

    uses: tuple[tuple[Reference, str], ...]
    noted: tuple[tuple[str, object], ...]


def look_into(path: Path) -> Looked:
    """The file, or the Dockerfile in the directory, as a build without arguments takes it.

    The frontend that ``# syntax=`` names is not among the references: ours stands in for it.
    Raises UsageError.
    """
    file = _dockerfile(path)
    options = ConvertOptions()
    uses: tuple[ImageUse, ...] = ()
    refused: list[WrittenReference] = []
    try:
        parsed = dockerfile.parse(file.read_bytes(), file.name)
        try:
            uses = dockerfile.references(parsed, options)
        except BlankBaseError as error:
            line = error.ranges[0].start if error.ranges else 0
            refused.append(_refused(parsed, options, str(file), "", line))
        found: dict[tuple[Reference, str], None] = {}
        for use in uses:
            if use.why == "syntax":
                continue
            try:
                found[parse(use.reference), str(use.platform)] = None
            except InvalidReference:
                refused.append(_refused(parsed, options, str(file), use.reference, use.line))
    except DockerfileError as error:
        where = f":{error.ranges[0].start}" if error.ranges else ""
        raise UsageError(f"{file}{where}: {error}", hint=error.hint) from error
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    look = DockerfileLook(str(file), tuple(_buildkit_only(parsed)))
    noted = [(str(file), look), *((f"{each.where} {each.text}", each) for each in refused)]
    return Looked(tuple(found), tuple(noted))


def _refused(
    parsed: Dockerfile, options: ConvertOptions, file: str, text: str, line: int
) -> WrittenReference:
    starts = (stage.start for stage in parsed.stages if stage.start.written.line == line)
    expression = next((start.base for start in starts), text)
    values = dockerfile.variables(parsed, options)
    names = dict.fromkeys(_VARIABLE.findall(expression))
    blank = tuple(name for name in names if not values.get(name))
    return WrittenReference(text, file, line, expression, blank)


def _buildkit_only(parsed: Dockerfile) -> Iterator[BuildKitOnly]:
    """What the classic builder refuses by name: options of RUN, and the mode of a copy."""
    for stage in parsed.stages:
        for each in stage.commands:
            if isinstance(each, Run):
                options = {
                    "--mount": bool(each.mounts),
                    "--network": each.network != "default",
                    "--security": each.security != "sandbox",
                }
                for option, there in options.items():
                    if there:
                        yield BuildKitOnly(each.written.line, "RUN", option)
            elif isinstance(each, Copying) and each.chmod:
                name = "COPY" if isinstance(each, Copy) else "ADD"
                yield BuildKitOnly(each.written.line, name, "--chmod")


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
