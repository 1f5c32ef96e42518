"""What a client on a host would do for a reference, as values that can be kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedEndpoint:
    """One address in the order of contact.

    ``url`` has the path up to the repository (``https://mirror.example:5000/v2/proxy``),
    ``repository`` the name asked for there. ``schemes``: in the order in which they are tried.
    ``roots``: files trusted beside the system's pool; ``store`` says whose pool that is where it
    is not this host's. ``login``: whose credential from which file
    would be offered, empty for none. ``broken``: why no contact comes about.
    ``trusted``: None where nobody looked at its certificate, or none is looked at; ``error`` is
    what the client would say, or why nobody could look.
    """

    url: str
    repository: str
    role: str
    schemes: tuple[str, ...]
    verify: bool
    roots: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    ns: str = ""
    proxy: str = ""
    login: str = ""
    broken: str = ""
    trusted: bool | None = None
    error: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class ConfigNote:
    """Something in the configuration that is ignored, broken or dangerous: ``kind`` is stable."""

    kind: str
    file: str
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ClientPlanSeen:
    """``guessed``: no version was found, that of a new install was taken. ``executed``: the rules
    were compared with the real program. ``refuses``: it fails before any contact, in its words.
    """

    client: str
    version: str
    reference: str
    endpoints: tuple[PlannedEndpoint, ...]
    notes: tuple[ConfigNote, ...] = ()
    refuses: str = ""
    guessed: bool = False
    executed: bool = True
