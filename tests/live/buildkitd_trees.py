"""Trees for buildkitd: the registries of buildkitd.toml, the command's logins and environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tests.live import image
from tests.live.docker_logins import logins
from tests.live.trees import (
    SERVED,
    Dice,
    Tree,
    authority_of,
    bundle,
    pem,
    process_environment,
    put_client,
    servers,
)

_REFERENCES = (
    *("alpine", "alpine", "docker.io/foo/img:1", "reg.example:5000/a/img", "reg.example/a/img:2"),
    *("reg.example:5000/a/img", "sub.reg.example:5000/img", "ghcr.io/o/img", "localhost:5000/img"),
    *("127.0.0.1:5000/img", "10.77.0.30:5000/a/img", f"reg.example:5000/a/img@{image.DIGEST}"),
    f"alpine@{image.DIGEST}",
)
_MIRRORS = (
    *("mirror.example:5000", "mirror.example:5000/p/q", "mirror2.example:5000", "mirror.example"),
    *("https://mirror.example:5000", "http://mirror2.example:5000/x", "reg.example:5000"),
    *("gone.example:5000", "localhost:5000", "10.77.0.20:5000", "mirror2.example:5000/x/"),
)
_SECTIONS = (
    *("mirror.example:5000", "mirror2.example:5000", "mirror.example", "reg.example:5000"),
    *("registry-1.docker.io", "docker.io", "localhost:5000", "10.77.0.20:5000"),
)
_ODD: Sequence[Callable[[str], str]] = (
    lambda text: f"{text}broken =\n",
    lambda text: text.replace("mirrors", "Mirrors"),
    lambda text: text.replace("insecure", "Insecure"),
    lambda text: text.replace("  ca =", "  CA ="),
    lambda text: text.replace("registry", "Registry"),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: f"\ufeff{text}",
    lambda text: f"debug = true\n{text}",
    lambda text: text.replace("true", '"true"'),
    lambda text: text.replace('"', "'"),
    lambda text: text.replace("mirrors = [", 'mirrors = ["",'),
    lambda text: text.replace("5000", "5000/"),
    lambda text: text.replace("[[registry", "[registry").replace("keypair]]", "keypair]"),
    lambda text: f'{text}[registry."reg.example:5000"]\n',
)
"""What people write into such files besides."""
_COMMAND = (
    "buildctl build --progress plain --frontend dockerfile.v0 "
    "--local context=/x/ctx --local dockerfile=/x/ctx"
)


def buildkitd_tree(dice: Dice) -> Tree:
    """A tree and a build of an image that stands on one other."""
    reference = dice.one(_REFERENCES)
    files = bundle(dice)
    environment = process_environment(dice, files)
    if dice.chance(0.9):
        text = _toml(dice, files, _host(reference))
        text = dice.one(_ODD)(text) if dice.chance(0.1) else text
        files["/etc/buildkit/buildkitd.toml"] = text
    if dice.chance(0.2):
        files["/etc/docker/certs.d/reg.example:5000/ca.crt"] = "{{pem:ca-reg}}"
    if dice.chance(0.2):
        files["/etc/buildkit/certs.d/reg.example:5000/ca.crt"] = "{{pem:ca-reg}}"
    of_command = logins(dice, files)
    if dice.chance(0.1):
        of_command["BUILDKIT_NO_CLIENT_TOKEN"] = "1"
    return {
        "reference": reference,
        "command": " ".join([_COMMAND, *_contexts(dice, files, _host(reference))]),
        "files": files,
        "env": environment,
        "client_env": of_command,
        "servers": servers(dice, dice.some(SERVED, 9, len(SERVED))),
    }


def _host(reference: str) -> str:
    first, slash, _ = reference.partition("/")
    return first if slash else "docker.io"


def _toml(dice: Dice, files: dict[str, str], host: str) -> str:
    lines = []
    hosts = [host] if dice.chance(0.85) else []
    hosts += [each for each in _SECTIONS if dice.chance(0.3)]
    for each in dict.fromkeys(hosts):
        lines += _table(dice, files, each, mirrored=each == host)
    return "\n".join(lines) + "\n"


def _table(dice: Dice, files: dict[str, str], host: str, *, mirrored: bool) -> list[str]:
    lines = [f'[registry."{host}"]']
    if mirrored or dice.chance(0.2):
        lines.append(f"  mirrors = {json.dumps(dice.some(_MIRRORS, 0, 3))}")
    for name, share in (("http", 0.2), ("insecure", 0.25)):
        if dice.chance(share):
            lines.append(f"  {name} = {dice.one(('true', 'true', 'true', 'false'))}")
    path = f"/etc/certs/{host.partition(':')[0]}.pem"
    if dice.chance(0.45):
        files[path] = pem(authority_of(dice, host.partition(":")[0]))
        given = [path] if dice.chance(0.95) else [path, "/etc/certs/gone.pem"]
        lines.append(f"  ca = {json.dumps(given)}")
    if dice.chance(0.12):
        directory = f"/etc/own/{host}"
        _directory(dice, files, directory, host.partition(":")[0])
        lines.append(f'  tlsconfigdir = ["{directory}"]')
    if dice.chance(0.15):
        files["/etc/certs/client.cert"] = "{{pem:client-a}}"
        files["/etc/certs/client.key"] = "{{pem:client-a.key}}"
        lines += [f'  [[registry."{host}".keypair]]', '    key = "/etc/certs/client.key"']
        lines.append('    cert = "/etc/certs/client.cert"')
    return lines


def _directory(dice: Dice, files: dict[str, str], directory: str, host: str) -> None:
    name = dice.one(("ca.crt", "ca.crt", "ca.pem"))
    files[f"{directory}/{name}"] = pem(authority_of(dice, host))
    put_client(dice, files, directory)


def _contexts(dice: Dice, files: dict[str, str], host: str) -> list[str]:
    if not dice.chance(0.15):
        return []
    files["/x/auth.pem"] = "{{pem:ca-auth}}"
    contacted = "registry-1.docker.io" if host == "docker.io" else host
    at = contacted if dice.chance(0.8) else "auth.example"
    how = dice.one(("ca=/x/auth.pem", "insecure=true"))
    return [f"--registry-auth-tlscontext host={at},{how}"]
