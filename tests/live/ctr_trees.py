"""Trees for ctr: hosts.toml and the certificates beside it, flags of the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.live import image
from tests.live.trees import (
    SERVED,
    Dice,
    Tree,
    authority_of,
    bundle,
    pem,
    process_environment,
    servers,
)

_REFERENCES = (
    *("docker.io/library/alpine:latest", "docker.io/library/alpine:latest", "docker.io/foo/img:1"),
    *("reg.example:5000/a/img:1", "reg.example:5000/a/img:1", "reg.example/a/img:2"),
    *("sub.reg.example:5000/img:1", "ghcr.io/o/img:1", "localhost:5000/img:1"),
    *("127.0.0.1:5000/img:1", "10.77.0.30:5000/a/img:1", f"reg.example:5000/a/img@{image.DIGEST}"),
    *(f"docker.io/library/alpine@{image.DIGEST}", "reg.example:5000/a/img"),
)
_URLS = (
    *("https://mirror.example:5000", "https://mirror.example:5000", "http://mirror.example:5000"),
    *("https://mirror2.example:5000/x", "http://mirror2.example:5000", "mirror.example:5000"),
    *("https://mirror.example", "http://mirror.example", "https://mirror.example:5000/v2/p"),
    *("https://reg.example:5000", "http://reg.example:5000", "https://gone.example:5000"),
    *("https://registry-1.docker.io", "http://10.77.0.20:5000", "https://10.77.0.20:5000/v2"),
    *("http://localhost:5000", "https://mirror2.example:5000/x/v2/"),
)
_CAPABILITIES = (
    *('["pull", "resolve"]', '["pull", "resolve"]', '["pull"]', '["resolve"]', '["push"]'),
    *('["pull", "resolve", "push"]', '["Pull", "RESOLVE"]', "[]", '["pull", "fetch"]'),
)
_ODD: Sequence[Callable[[str], str]] = (
    lambda text: f"{text}broken =\n",
    lambda text: text.replace("capabilities", "Capabilities"),
    lambda text: text.replace("skip_verify", "SKIP_VERIFY"),
    lambda text: text.replace("server =", "Server ="),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: f"\ufeff{text}",
    lambda text: f"{text}unknown = 1\n",
    lambda text: text.replace("[host.", "[ host . "),
    lambda text: text.replace('"', "'"),
    lambda text: text.replace("true", '"true"'),
    lambda text: f'{text}[host."https://mirror.example:5000"]\n',
    lambda text: f'{text}[host]\n"http://mirror2.example:5000" = {{skip_verify = true}}\n',
    lambda text: f'dial_timeout = "3s"\n{text}',
    lambda text: f'dial_timeout = "soon"\n{text}',
    lambda text: f"# {text}",
)
"""What people write into such files besides."""
_ROOT = "/etc/containerd/certs.d"


def ctr_tree(dice: Dice) -> Tree:
    """A tree and ``ctr images pull``."""
    reference = dice.one(_REFERENCES)
    files = bundle(dice)
    environment = process_environment(dice, files)
    host = reference.split("/")[0]
    empty = []
    for name in _names(dice, host):
        directory = f"{_ROOT}/{name}"
        if dice.chance(0.85):
            files[f"{directory}/hosts.toml"] = _hosts_toml(dice, files, directory, host)
        if dice.chance(0.25):
            _certificates(dice, files, directory, host)
        if not any(path.startswith(f"{directory}/") for path in files):
            empty.append(directory)
    words = ["ctr images pull", *_flags(dice, files), reference]
    return {
        "reference": reference,
        "command": " ".join(words),
        "files": files,
        "empty_dirs": empty,
        "env": environment,
        "servers": servers(dice, dice.some(SERVED, 9, len(SERVED))),
    }


def _names(dice: Dice, host: str) -> list[str]:
    bare, colon, port = host.partition(":")
    names = [host] if dice.chance(0.8) else []
    if colon and dice.chance(0.2):
        names.append(f"{bare}_{port}_")
    if dice.chance(0.25):
        names.append("_default")
    if dice.chance(0.1):
        names.append(bare)
    return list(dict.fromkeys(names))


def _hosts_toml(dice: Dice, files: dict[str, str], directory: str, host: str) -> str:
    lines = []
    if dice.chance(0.5):
        own = "registry-1.docker.io" if host == "docker.io" else host
        scheme = dice.one(("https://", "https://", "http://", ""))
        server = f"{scheme}{own}" if dice.chance(0.7) else dice.one(_URLS)
        lines.append(f'server = "{server}"')
    if dice.chance(0.3):
        lines += _settings(dice, files, directory, host)
    for url in dice.some(tuple(dict.fromkeys(_URLS)), 0, 3):
        lines.append(f'[host."{url}"]')
        at = url.partition("://")[2].partition("/")[0].partition(":")[0]
        lines += [f"  {line}" for line in _settings(dice, files, directory, at)]
        if dice.chance(0.15):
            lines += [f'  [host."{url}".header]', '    x-own = ["a", "b"]']
    text = "\n".join(lines) + "\n"
    return dice.one(_ODD)(text) if dice.chance(0.15) else text


def _settings(dice: Dice, files: dict[str, str], directory: str, host: str) -> list[str]:
    lines = []
    if dice.chance(0.5):
        lines.append(f"capabilities = {dice.one(_CAPABILITIES)}")
    if dice.chance(0.4):
        lines.append(_authorities(dice, files, directory, host))
    if dice.chance(0.15):
        lines.append(_pairs(dice, files))
    if dice.chance(0.2):
        lines.append(f"skip_verify = {dice.one(('true', 'true', 'false'))}")
    if dice.chance(0.2):
        lines.append(f"override_path = {dice.one(('true', 'true', 'false'))}")
    return lines


def _authorities(dice: Dice, files: dict[str, str], directory: str, host: str) -> str:
    name = f"{host}.pem"
    files[f"{directory}/{name}"] = pem(authority_of(dice, host))
    files["/x/other.pem"] = "{{pem:ca-other}}"
    absolute = f"{directory}/{name}"
    if dice.chance(0.05):
        return 'ca = "gone.pem"'
    return dice.one(
        (f'ca = "{name}"', f'ca = "{absolute}"', f'ca = ["/x/other.pem", "{absolute}"]', "ca = []")
    )


def _pairs(dice: Dice, files: dict[str, str]) -> str:
    files["/x/client.pem"] = "{{pem:client-a}}{{pem:client-a.key}}"
    files["/x/client.cert"] = "{{pem:client-a}}"
    files["/x/client.key"] = "{{pem:client-a.key}}"
    return dice.one(
        (
            'client = "/x/client.pem"',
            'client = [["/x/client.cert", "/x/client.key"]]',
            'client = ["/x/client.pem"]',
            'client = ["/x/client.cert", "/x/client.key"]',
        )
    )


def _certificates(dice: Dice, files: dict[str, str], directory: str, host: str) -> None:
    files[f"{directory}/{dice.one(('ca.crt', 'ca.crt', 'ca.pem'))}"] = pem(authority_of(dice, host))
    if dice.chance(0.3):
        files[f"{directory}/client.cert"] = "{{pem:client-a}}"
        if dice.chance(0.85):
            files[f"{directory}/client.key"] = "{{pem:client-a.key}}"


def _flags(dice: Dice, files: dict[str, str]) -> list[str]:
    flags = [f"--hosts-dir {_ROOT}"] if dice.chance(0.9) else []
    if dice.chance(0.1):
        flags.append("--skip-verify")
    if dice.chance(0.08):
        flags.append("--plain-http")
    if dice.chance(0.1):
        files["/x/flag.pem"] = "{{pem:ca-reg+ca-mirror}}"
        flags.append("--tlscacert /x/flag.pem")
    if dice.chance(0.2):
        flags.append(f"--user {dice.one(('r:r', 'h:h', 'm:m'))}")
    return flags
