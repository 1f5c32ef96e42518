"""Which containers/image, and which Go, a version of podman, buildah or skopeo was built with.

The library is what decides; the programs carry other numbers. From the go.mod of each release.
"""

from __future__ import annotations

from regdoctor.clients.plan import Go
from regdoctor.clients.version import Version

_MINORS: dict[str, tuple[tuple[tuple[int, int], int], ...]] = {
    "skopeo": (
        *(((1, 2), 9), ((1, 3), 12), ((1, 4), 15), ((1, 5), 16), ((1, 6), 19), ((1, 7), 21)),
        *(((1, 8), 21), ((1, 9), 22), ((1, 10), 23), ((1, 11), 24), ((1, 12), 25), ((1, 13), 26)),
        *(((1, 14), 29), ((1, 15), 30), ((1, 16), 32), ((1, 17), 33), ((1, 18), 34), ((1, 19), 35)),
        *(((1, 20), 36), ((1, 21), 38), ((1, 22), 39)),
    ),
    "podman": (
        *(((3, 0), 10), ((3, 1), 10), ((3, 2), 12), ((3, 3), 15), ((3, 4), 16), ((4, 0), 19)),
        *(((4, 1), 21), ((4, 2), 22), ((4, 3), 23), ((4, 4), 24), ((4, 5), 25), ((4, 6), 26)),
        *(((4, 7), 28), ((4, 8), 29), ((5, 0), 30), ((5, 1), 31), ((5, 2), 32), ((5, 3), 33)),
        *(((5, 4), 34), ((5, 5), 35), ((5, 6), 36), ((5, 7), 38), ((5, 8), 39)),
    ),
    "buildah": (
        *(((1, 19), 9), ((1, 20), 10), ((1, 21), 12), ((1, 22), 15), ((1, 23), 16), ((1, 24), 19)),
        *(((1, 25), 20), ((1, 26), 21), ((1, 27), 22), ((1, 28), 23), ((1, 29), 24), ((1, 30), 25)),
        *(((1, 31), 26), ((1, 32), 28), ((1, 33), 29), ((1, 34), 30), ((1, 36), 31), ((1, 37), 32)),
        *(((1, 38), 33), ((1, 39), 34), ((1, 40), 35), ((1, 41), 36), ((1, 42), 38), ((1, 43), 39)),
    ),
    "cri-o": (
        *(((1, 20), 9), ((1, 24), 21), ((1, 26), 24), ((1, 28), 28), ((1, 30), 30), ((1, 32), 33)),
        *(((1, 34), 36), ((1, 36), 38)),
    ),
}
_OLDEST = 5


def minor_of(client: str, version: Version) -> int:
    """The number after ``5.`` of the library in ``version`` of ``client``."""
    minor = _OLDEST
    for since, of in _MINORS[client]:
        if version.since(*since):
            minor = of
    return minor


def go_of(minor: int) -> Go:
    """The Go that distributions and the project built such a release with."""
    if minor < 12:
        return (1, 15)
    return (1, 19) if minor < 30 else (1, 24)
