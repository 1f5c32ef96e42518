"""The contract of a check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations

EVERYBODY = ("docker", "buildkit", "containerd", "podman", "kaniko", "crane")
"""The clients that meet what shows on the wire. ``docker`` is the engine, ``buildkit`` also
buildx and the engine's own builds, ``containerd`` also the kubelet, ctr and nerdctl, ``podman``
also buildah, skopeo and CRI-O, ``crane`` also ko and what else uses its library."""


class Check(ABC):
    """Judges one fault, purely: the same observations always give the same findings.

    ``needs`` are the kinds of observation it reads of an endpoint; where a probe for one of
    them failed, the check could not tell and ``question`` stays open. ``probe`` is the probe
    that asks it. A finding of this check explains away findings of the codes in
    ``supersedes`` on the same subject.

    ``texts`` are what clients print for the fault, as ``regdoctor.checks.printed`` reads them:
    the fixed part of one line, ``*`` for what varies. ``symptoms`` say in a few words what one
    sees where nothing telling is printed. ``clients`` and ``products`` are those that meet it.
    The index of the pages is made of them.
    """

    code: str
    summary: str
    question: str
    probe: str
    needs: tuple[type, ...] = ()
    supersedes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    clients: tuple[str, ...] = EVERYBODY
    products: tuple[str, ...] = ()

    @abstractmethod
    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        """What the observations say about the fault; nothing where all is well."""
