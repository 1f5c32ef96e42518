"""What a source says when it has not what the build asks of it."""

from __future__ import annotations

from builder.errors import BuilderError

FULL = "free some space there, or choose another state directory with --root"
"""What to do about a full disk."""
_SHOWN = 20
"""Most platforms that a hint lists."""


class SourceError(BuilderError):
    """The message is BuildKit's where it has one."""


class NoMatchingPlatform(SourceError):
    """An index without an image for the platform; ``offered`` are those it has."""

    def __init__(self, reference: str, wanted: str, offered: tuple[str, ...]) -> None:
        some = ", ".join(offered[:_SHOWN]) or "no image at all"
        more = f" and {len(offered) - _SHOWN} more" if len(offered) > _SHOWN else ""
        hint = f"wanted {wanted}; the index offers {some}{more}"
        if offered and all(each.startswith("windows") for each in offered):
            hint += ": only images for Linux can be built"
        super().__init__(f"{reference}: no match for platform in manifest: not found", hint=hint)
        self.reference = reference
        self.wanted = wanted
        self.offered = offered
