"""A command line of skopeo, podman, buildah or CRI-O: what it asks for, and with which flags."""

from __future__ import annotations

from dataclasses import dataclass, replace

from regdoctor.clients.plan import Credential, Situation

_TRUE = ("true", "1", "t", "T", "TRUE", "True")


@dataclass(frozen=True, slots=True)
class Side:
    """Flags of one end of a copy. ``verify``: what ``--tls-verify`` said, None where it is not
    given. ``anonymous``: ``--no-creds``."""

    verify: bool | None = None
    cert_dir: str = ""
    credential: Credential | None = None
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """References by what is done with them; those that are not there are empty.

    ``authfile_checked``: the program looks at the file before anything else.
    """

    pull: str = ""
    push: str = ""
    tags: str = ""
    delete: str = ""
    login: str = ""
    source: Side = Side()
    destination: Side = Side()
    authfile: str = ""
    authfile_checked: bool = False
    registries_conf: str = ""

    @property
    def other(self) -> str:
        """What neither is pulled nor pushed."""
        return self.tags or self.delete or (f"{self.login}/unknown" if self.login else "")


def command_of(situation: Situation) -> Command:
    """What ``words`` and ``options`` of the situation ask for; a pull where there are none."""
    if situation.client == "skopeo":
        return _skopeo(situation)
    words = situation.words
    verb = words[0] if words else "pull"
    named = words[1] if len(words) > 1 else situation.reference
    side = _side(situation, "")
    authfile = situation.option("authfile") or ""
    given = Command(
        source=side,
        destination=side,
        authfile=authfile,
        authfile_checked=bool(authfile),
        registries_conf=situation.option("registries-conf") or "",
    )
    reference = named.removeprefix("docker://")
    if verb == "push":
        last = words[-1].removeprefix("docker://") if len(words) > 2 else reference
        return replace(given, push=last)
    return replace(given, login=reference) if verb == "login" else replace(given, pull=reference)


def _skopeo(situation: Situation) -> Command:
    words = situation.words
    verb = words[0] if words else "copy"
    remote = [word for word in words[1:] if word.startswith("docker://")]
    if not words:
        remote = [f"docker://{situation.reference}"]
    given = Command(
        source=_side(situation, "src-"),
        destination=_side(situation, "dest-"),
        authfile=situation.option("src-authfile") or situation.option("authfile") or "",
        registries_conf=situation.option("registries-conf") or "",
    )
    if not remote:
        return given
    first = remote[0].removeprefix("docker://")
    if verb == "copy":
        source = len(words) < 2 or words[1].startswith("docker://")
        last = remote[-1].removeprefix("docker://")
        pushes = len(words) > 2 and words[2].startswith("docker://")
        return replace(given, pull=first if source else "", push=last if pushes else "")
    if verb == "inspect":
        raw = situation.switched_on("raw") or situation.switched_on("config")
        no_tags = situation.switched_on("no-tags") or situation.switched_on("n")
        return replace(given, pull=first, tags="" if raw or no_tags else first)
    return _with(
        given,
        **{{"list-tags": "tags", "delete": "delete", "login": "login"}.get(verb, "pull"): first},
    )


def _with(command: Command, **references: str) -> Command:
    from dataclasses import replace

    return replace(command, **references)  # type: ignore[arg-type]


def _side(situation: Situation, prefix: str) -> Side:
    def flag(name: str) -> str | None:
        own = situation.option(f"{prefix}{name}")
        return own if own is not None else situation.option(name)

    written = flag("tls-verify")
    credential = None
    if given := flag("creds"):
        user, _, secret = given.partition(":")
        credential = Credential(f"--{prefix}creds", "", user, secret)
    elif name := flag("username"):
        credential = Credential(f"--{prefix}username", "", name, flag("password") or "")
    return Side(
        verify=None if written is None else written in _TRUE,
        cert_dir=flag("cert-dir") or "",
        credential=credential,
        anonymous=(flag("no-creds") or "") in _TRUE,
    )
