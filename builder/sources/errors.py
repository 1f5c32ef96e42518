"""What a source says when it has not what the build asks of it."""

from __future__ import annotations

from builder.errors import BuilderError


class SourceError(BuilderError):
    """The message is BuildKit's where it has one."""


class NoMatchingPlatform(SourceError):
    """An index without an image for the platform; ``offered`` are those it has."""

    def __init__(self, reference: str, wanted: str, offered: tuple[str, ...]) -> None:
        super().__init__(
            f"{reference}: no match for platform in manifest: not found",
            hint=f"wanted {wanted}; the index offers {', '.join(offered) or 'no image at all'}",
        )
        self.reference = reference
        self.wanted = wanted
        self.offered = offered
