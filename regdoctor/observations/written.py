"""What the user wrote: references that are none, and what a Dockerfile asks of its builder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrittenReference:
    """An image reference that no client takes, as the user or a Dockerfile has it.

    ``file`` and ``line`` say where, empty and 0 for the command line. ``expression`` is the
    name before variables were expanded; ``blank`` are those of its variables that have no
    value.
    """

    text: str
    file: str = ""
    line: int = 0
    expression: str = ""
    blank: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """``file:line``, or the text itself."""
        return f"{self.file}:{self.line}" if self.file else self.text


@dataclass(frozen=True, slots=True)
class BuildKitOnly:
    """An option of an instruction that the classic builder refuses: ``RUN --mount``."""

    line: int
    instruction: str
    option: str


@dataclass(frozen=True, slots=True)
class DockerfileLook:
    """A Dockerfile that is a target; ``buildkit_only`` in the order of the file."""

    file: str
    buildkit_only: tuple[BuildKitOnly, ...] = ()
