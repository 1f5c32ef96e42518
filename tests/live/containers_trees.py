"""Trees for skopeo, podman and buildah: registries.conf, certs.d, auth files, flags."""

from __future__ import annotations

import base64
import json

from tests.live import image
from tests.live.trees import (
    LOGINS,
    Dice,
    Tree,
    bundle,
    process_environment,
    put_authority,
    put_client,
    servers,
)

_REFERENCES = (
    "docker.io/library/alpine",
    "docker.io/library/alpine",
    "docker.io/foo/img:1.0",
    "reg.example:5000/a/img",
    "reg.example:5000/a/img",
    "reg.example:5000/a/b/img:2",
    "reg.example/a/img",
    "sub.reg.example:5000/img",
    "sub.reg.example/img",
    "ghcr.io/o/img",
    "localhost:5000/img",
    f"reg.example:5000/a/img@{image.DIGEST}",
    f"docker.io/library/alpine@{image.DIGEST}",
)
_SHORT = ("alpine", "img:1", "foo/img", "a/b/img:2")
_SEARCHED = (
    *("docker.io", "docker.io", "reg.example:5000", "mirror.example:5000", "gone.example:5000"),
    *("sub.reg.example:5000", "reg.example", "localhost:5000", "reg.example:5000/a", "ghcr.io/"),
)
_PREFIXES = {
    "docker.io": ("docker.io", "docker.io/library", "docker.io/library/alpine", "docker.io/foo"),
    "reg.example": (
        "reg.example:5000",
        "reg.example:5000/a",
        "reg.example:5000/a/img",
        "reg.example:5000/a/im",
        "reg.example",
        "reg.example/a",
        "*.example",
    ),
    "sub.reg.example": ("*.reg.example", "sub.reg.example:5000", "sub.reg.example", "*.example"),
    "ghcr.io": ("ghcr.io", "ghcr.io/o", "*.io"),
    "localhost": ("localhost:5000", "localhost:5000/img"),
}
_LOCATIONS = (
    "mirror.example:5000",
    "mirror.example:5000/p/q",
    "mirror2.example:5000",
    "mirror2.example:5000/x",
    "mirror.example",
    "reg.example:5000",
    "gone.example:5000",
)
_SERVED = (
    *("registry-1.docker.io:443", "mirror.example:5000", "mirror.example:443"),
    *("mirror2.example:5000", "reg.example:5000", "reg.example:443", "sub.reg.example:5000"),
    *("sub.reg.example:443", "ghcr.io:443", "localhost:5000", "mirror.example:80"),
    "reg.example:80",
)
_ALIASED = ("reg.example:5000/a/img", "docker.io/library/alpine", "mirror.example:5000/p/img", "")
_MODES = ("enforcing", "permissive", "disabled", "permissive", "other")
_CERTIFICATES = (
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
    "/root/.config/containers/certs.d",
)
_CONF = "/etc/containers/registries.conf"
_DROP_INS = ("/etc/containers/registries.conf.d", "/root/.config/containers/registries.conf.d")
_AUTH_FILES = (
    *("/run/containers/0/auth.json", "/root/.config/containers/auth.json"),
    *("/root/.docker/config.json", "/x/auth.json"),
)


def containers_tree(dice: Dice, client: str) -> Tree:
    """A tree and a command for one of the three programs."""
    short = client != "skopeo" and dice.chance(0.25)
    reference = dice.one(_SHORT if short else _REFERENCES)
    files = bundle(dice)
    environment = process_environment(dice, files)
    if dice.chance(0.85):
        files[_CONF] = _conf(dice, reference)
    for directory in _DROP_INS:
        for name in dice.some(("10-a.conf", "20-b.conf", "30-c.txt"), 0, 1):
            if dice.chance(0.5):
                files[f"{directory}/{name}"] = _conf(dice, reference)
    if dice.chance(0.08):
        files["/root/.config/containers/registries.conf"] = _conf(dice, reference)
    if dice.chance(0.06):
        files["/x/config/containers/registries.conf"] = _conf(dice, reference)
        environment["XDG_CONFIG_HOME"] = "/x/config"
    empty = _certificates(dice, files, _host(reference))
    _logins(dice, files, environment)
    flags = _flags(dice, client, files, environment, reference)
    return {
        "reference": reference,
        "command": _command(client, reference, flags),
        "files": files,
        "empty_dirs": empty,
        "env": environment,
        "servers": servers(dice, dice.some(_SERVED, 9, len(_SERVED))),
    }


def _command(client: str, reference: str, flags: list[str]) -> str:
    if client == "skopeo":
        return " ".join(["skopeo copy", *flags, f"docker://{reference} dir:/x/o"])
    return " ".join([f"{client} pull", *flags, reference])


def _host(reference: str) -> str:
    first = reference.split("/")[0]
    return first if reference.startswith("localhost:") or "." in first else "docker.io"


def _conf(dice: Dice, reference: str) -> str:
    host = _host(reference)
    if dice.chance(0.06):
        return _first_format(dice, host)
    lines = []
    if dice.chance(0.8 if reference in _SHORT else 0.1):
        lines.append(f"unqualified-search-registries = {json.dumps(dice.some(_SEARCHED, 0, 3))}")
    if dice.chance(0.15):
        lines.append(f'short-name-mode = "{dice.one(_MODES)}"')
    prefixes = dice.some(_PREFIXES[host.split(":")[0]], 1, 2)
    if ":" in host and dice.chance(0.8):
        # Without its port a prefix leads to an invalid reference, which is soon seen enough.
        prefixes = [each for each in prefixes if ":" in each]
    if dice.chance(0.3):
        prefixes.append(dice.one(("mirror.example:5000", "mirror2.example:5000", "gone.example")))
    for prefix in dict.fromkeys(prefixes):
        lines += _table(dice, prefix)
    if dice.chance(0.4 if reference in _SHORT else 0.05):
        name = reference.split(":")[0] if reference in _SHORT else "alpine"
        lines += ["[aliases]", f'"{name}" = "{dice.one(_ALIASED)}"']
    return "\n".join(lines) + "\n"


def _first_format(dice: Dice, host: str) -> str:
    lines = []
    for kind in dice.some(("search", "insecure", "block"), 1, 3):
        named = dice.some((host, *_SEARCHED), 1, 2)
        lines += [f"[registries.{kind}]", f"registries = {json.dumps(named)}"]
    return "\n".join(lines) + "\n"


def _table(dice: Dice, prefix: str) -> list[str]:
    lines = ["[[registry]]", f'prefix = "{prefix}"']
    wild = prefix.startswith("*")
    if not wild or dice.chance(0.3):
        location = prefix if dice.chance(0.6) and not wild else dice.one(_LOCATIONS)
        lines.append(f'location = "{location}"')
    if dice.chance(0.2):
        lines.append("insecure = true")
    if dice.chance(0.1):
        lines.append("blocked = true")
    by_digest = dice.chance(0.06)
    if by_digest:
        lines.append("mirror-by-digest-only = true")
    for location in dice.some(_LOCATIONS, 0, 3):
        lines += ["[[registry.mirror]]", f'location = "{location}"']
        if dice.chance(0.25):
            lines.append("insecure = true")
        if dice.chance(0.02 if by_digest else 0.15):
            lines.append(f'pull-from-mirror = "{dice.one(("all", "digest-only", "tag-only"))}"')
    return lines


def _certificates(dice: Dice, files: dict[str, str], host: str) -> list[str]:
    empty = []
    for each in (host, "mirror.example:5000", "mirror2.example:5000", "docker.io"):
        for root in _CERTIFICATES:
            if not dice.chance(0.25):
                continue
            name = each if dice.chance(0.85) else each.partition(":")[0]
            directory = f"{root}/{name}"
            put_authority(dice, files, directory, name.partition(":")[0])
            put_client(dice, files, directory)
            if not any(path.startswith(f"{directory}/") for path in files):
                empty.append(directory)
    return empty


def _logins(dice: Dice, files: dict[str, str], environment: dict[str, str]) -> None:
    for path in dice.some(_AUTH_FILES, 0, 2):
        auths = {}
        for key, user in dice.some(sorted(_keys().items()), 1, 3):
            auths[key] = {"auth": base64.b64encode(user.encode()).decode()}
        files[path] = json.dumps({"auths": auths})
    if "/x/auth.json" in files:
        environment["REGISTRY_AUTH_FILE"] = "/x/auth.json"
    if dice.chance(0.1):
        environment["XDG_RUNTIME_DIR"] = "/x/run"


def _keys() -> dict[str, str]:
    more = {
        "reg.example:5000/a": "r:r",
        "reg.example": "r:r",
        "https://reg.example:5000": "r:r",
        "https://index.docker.io/v1/": "h:h",
        "mirror.example:5000/p": "m:m",
    }
    return {**LOGINS, **more}


def _flags(
    dice: Dice, client: str, files: dict[str, str], environment: dict[str, str], reference: str
) -> list[str]:
    side = "src-" if client == "skopeo" else ""
    flags = []
    if dice.chance(0.12):
        flags.append(f"--{side}tls-verify={dice.one(('false', 'true'))}")
    if dice.chance(0.08):
        files["/x/c/ca.crt"] = "{{pem:ca-reg+ca-mirror}}"
        flags.append(f"--{side}cert-dir /x/c")
    if dice.chance(0.1):
        flags.append(f"--{side}creds {dice.one(('r:r', 'h:h', 'm:m'))}")
    if dice.chance(0.1) and client != "skopeo":
        files["/x/r.conf"] = _conf(dice, reference)
        environment["CONTAINERS_REGISTRIES_CONF"] = "/x/r.conf"
    return flags
