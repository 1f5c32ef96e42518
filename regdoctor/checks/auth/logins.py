"""Logins of this host as they matter to one registry: which key, which helper, whose name."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from regdoctor.checks.auth.refusals import Refusal, refusals
from regdoctor.checks.judging import subject_of
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Severity
from regdoctor.observations.auth import LoginEntry, LoginFile, Logins
from regdoctor.observations.http import Challenge, CredentialUse, ManifestLook, Ping
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations

HUB_KEY = "https://index.docker.io/v1/"
"""The one key by which docker and go-containerregistry know Docker Hub."""
HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")


def logins(seen: Observations) -> Logins:
    """What is known of logins here; nothing where nobody looked."""
    return seen.get(Logins, HOST) or Logins()


def registries(seen: Observations) -> Iterator[str]:
    """Endpoints that clients look up a login for under a name of their own."""
    for endpoint in seen.endpoints():
        role = seen.get(Role, endpoint)
        if role is not None and role.kind == "registry":
            yield endpoint


def names_of(seen: Observations, endpoint: str) -> tuple[str, ...]:
    """The names by which a login for the endpoint may be kept."""
    role = seen.get(Role, endpoint)
    names = (subject_of(endpoint), *((role.written,) if role else ()))
    if is_hub(seen, endpoint):
        names = (*names, *HUB_NAMES)
    return tuple(dict.fromkeys(names))


def is_hub(seen: Observations, endpoint: str) -> bool:
    """Docker Hub itself, by its name or by the name that its token server gives it."""
    challenge = seen.get(Challenge, endpoint)
    by_name = subject_of(endpoint) in HUB_NAMES
    return by_name or (challenge is not None and challenge.service == "registry.docker.io")


def entry_for(file: LoginFile, names: tuple[str, ...]) -> LoginEntry | None:
    """The entry that ``file``'s own client takes for a registry of these names."""
    hub = any(name in HUB_NAMES for name in names)
    if hub and file.kind == "docker":
        return next((each for each in file.entries if each.key == HUB_KEY), None)
    exact = next((each for each in file.entries if each.key in names), None)
    return exact or next((each for each in file.entries if host_of(each.key) in names), None)


def host_of(key: str) -> str:
    """``host[:port]`` of a key that was written as a URL."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def helper_for(file: LoginFile, names: tuple[str, ...]) -> tuple[str, str]:
    """The helper that would be asked, and the setting that names it; empty where none would."""
    known = (*names, HUB_KEY) if any(name in HUB_NAMES for name in names) else names
    for host, helper in file.helpers:
        if host in known:
            return helper, f"credHelpers {host}"
    return (file.store, "credsStore") if file.store else ("", "")


def readers(file: LoginFile) -> tuple[str, ...]:
    """The clients that read the file; podman reads docker's too, after its own."""
    return ("docker", "buildkit") if file.kind == "docker" else ("podman",)


def breaks_of(seen: Observations, endpoint: str, clients: tuple[str, ...]) -> tuple[str, ...]:
    """``clients``, and regdoctor where it could not read its logins for the endpoint."""
    failed = seen.failure(CredentialUse, endpoint) is not None
    served = any(look.served for _, look in seen.named(ManifestLook, endpoint))
    return (*clients, OWN) if failed and not served and asks_for_login(seen, endpoint) else clients


def asks_for_login(seen: Observations, endpoint: str) -> bool:
    """The registry answers 401 at its door; some let everybody in behind it."""
    ping = seen.get(Ping, endpoint)
    return ping is not None and ping.answer.status == 401


def unsent(seen: Observations) -> Iterator[Refusal]:
    """Images that were refused because nobody was logged in."""
    for each in refusals(seen):
        use = seen.get(CredentialUse, each.endpoint)
        anonymous = not each.sent and (use is None or not use.present)
        role = seen.get(Role, each.endpoint)
        own = role is not None and role.kind == "registry"
        if own and anonymous and each.answer.status in (401, 403) and each.probe != "ping":
            yield each


def milder(severity: Severity, refused: bool) -> Severity:
    """An error that nothing has failed of yet is a warning."""
    return "warning" if severity == "error" and not refused else severity


def user_of(seen: Observations, refusal: Refusal) -> str:
    """The name in the login that was sent, from the file it came from or the token request."""
    account = parse_qs(urlsplit(refusal.answer.url).query).get("account", [""])[0]
    if account:
        return account
    found = used_entry(seen, refusal.endpoint)
    return found[1].user if found else ""


def used_entry(seen: Observations, endpoint: str) -> tuple[LoginFile, LoginEntry] | None:
    """The file and entry from which the login for the endpoint was taken."""
    use = seen.get(CredentialUse, endpoint)
    if use is None or not use.present:
        return None
    for file in logins(seen).files:
        for entry in file.entries:
            if use.source == f"{file.path} {entry.key}":
                return file, entry
    return None
