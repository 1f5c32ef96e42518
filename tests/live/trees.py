"""Configuration trees that nobody ran before: fragments put together by a seeded generator.

A tree has the shape of an executed case without its outcome, so that the evaluator takes both.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tests.live.pki import tls

HOSTS: Mapping[str, str] = {
    "registry-1.docker.io": "10.77.0.10",
    "auth.docker.io": "10.77.0.11",
    "index.docker.io": "10.77.0.12",
    "docker.io": "10.77.0.13",
    "mirror.example": "10.77.0.20",
    "mirror2.example": "10.77.0.21",
    "reg.example": "10.77.0.30",
    "ghcr.io": "10.77.0.31",
    "sub.reg.example": "10.77.0.32",
    "reg.local": "10.77.0.33",
    "auth.example": "10.77.0.40",
    "blobs.example": "10.77.0.41",
    "proxy.example": "10.77.0.50",
}
ADDRESSES = {**HOSTS, "localhost": "127.0.0.1"}
LEAVES: Mapping[str, tuple[str, ...]] = {
    "registry-1.docker.io:443": ("hub", "hub", "hub-priv", "wrongname"),
    "index.docker.io:443": ("hub", "hub", "hub-priv"),
    "mirror.example:5000": ("mirror", "mirror", "mirror-pub", "wrongname"),
    "mirror.example:443": ("mirror", "mirror-pub"),
    "mirror.example:80": (),
    "mirror2.example:5000": ("mirror2", "mirror-pub"),
    "reg.example:5000": ("reg", "reg", "reg-pub", "wrongname"),
    "reg.example:443": ("reg", "reg-pub"),
    "reg.example:80": (),
    "sub.reg.example:5000": ("reg",),
    "sub.reg.example:443": ("reg",),
    "ghcr.io:443": ("ghcr",),
    "localhost:5000": ("loop",),
    "reg.local:5000": (),
}
"""Per address, the certificates that its server may have; each may speak plain http as well."""
AUTHORITIES: Mapping[str, str] = {
    "mirror.example": "ca-mirror",
    "mirror2.example": "ca-mirror2",
    "reg.example": "ca-reg",
    "sub.reg.example": "ca-reg",
    "docker.io": "ca-hub",
    "registry-1.docker.io": "ca-hub",
    "localhost": "ca-loop",
}
SERVED = (
    *("registry-1.docker.io:443", "mirror.example:5000", "mirror.example:443", "mirror.example:80"),
    *("mirror2.example:5000", "reg.example:5000", "reg.example:443", "sub.reg.example:5000"),
    *("ghcr.io:443", "localhost:5000", "reg.example:80"),
)
"""Addresses of the servers of most clients. What a seed draws depends on their order."""
LOGINS = {"reg.example:5000": "r:r", "mirror.example:5000": "m:m", "docker.io": "h:h"}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

Tree = dict[str, Any]
T = TypeVar("T")


class Dice:
    """What a generator throws: choices of one seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def one(self, of: Sequence[T]) -> T:
        return self._random.choice(of)

    def some(self, of: Sequence[T], least: int, most: int) -> list[T]:
        return self._random.sample(list(of), min(len(of), self._random.randint(least, most)))


def trees(client: str, seed: str, count: int, make: Callable[[Dice], Tree]) -> list[Tree]:
    """``count`` trees for a client; the same for the same seed."""
    made = []
    for number in range(count):
        dice = Dice(f"{client} {seed} {number}")
        made.append({"id": f"{client}-{seed}-{number}", "client": client, **make(dice)})
    return made


def servers(dice: Dice, addresses: Iterable[str]) -> list[Tree]:
    """A server at most of ``addresses``, with the realm, the blob store and the proxy."""
    there = [each for each in dict.fromkeys(addresses) if dice.chance(0.9)]
    made = [_server(dice, each) for each in there]
    made.append(served("auth.example:443", dice.one(("auth-pub", "auth-pub", "auth")), token={}))
    if dice.chance(0.2):
        made[-1]["token"] = {"nopost": True}
    store = dice.one(("any", "strict"))
    made.append(served("blobs.example:443", dice.one(("blobs-pub", "blobs")), store=store))
    made.append(served("proxy.example:3128"))
    return made


def served(address: str, leaf: str = "", **behaviour: Any) -> Tree:
    """A server at ``host:port`` in the shape of a case; without a leaf it speaks plain http."""
    host, _, port = address.rpartition(":")
    secured = tls(leaf) if leaf else None
    return {"host": host, "ip": ADDRESSES[host], "port": int(port), "tls": secured, **behaviour}


def _server(dice: Dice, address: str) -> Tree:
    leaves = LEAVES[address]
    leaf = dice.one(leaves) if leaves and dice.chance(0.85) else ""
    made = served(address, leaf)
    if dice.chance(0.55):
        return made
    behaviour = dice.one(_BEHAVIOURS)
    if leaf and dice.chance(0.15):
        behaviour = {"client_ca": "ca-client", "client_required": True}
    login = LOGINS.get(address.removesuffix(":443"), LOGINS["docker.io"])
    made |= behaviour
    if made.get("auth") == "basic" and dice.chance(0.6):
        made["users"] = [login]
    return made


_BEHAVIOURS: Sequence[Tree] = (
    {"manifest": 404},
    {"manifest": 404},
    {"status": 503},
    {"status": 403},
    {"status": 404},
    {"ping": 404},
    {"ping": 500},
    {"blob": 404},
    {"head": "404"},
    {"head": "405"},
    {"head": "nodigest"},
    {"head": "nolength"},
    {"auth": "basic"},
    {"auth": "basic"},
    {"auth": {"bearer": "https://auth.example/token", "service": "svc"}},
    {"auth": {"bearer": "https://auth.example/token", "service": "svc"}},
    {"blob_redirect": "https://blobs.example/store"},
    {"blob_redirect": "https://blobs.example/store"},
    {"reset": True},
)


def pem(names: str) -> str:
    """What stands for the PEM texts of ``names`` in the files of a case."""
    return f"{{{{pem:{names}}}}}"


def bundle(dice: Dice) -> dict[str, str]:
    """The system's bundle, and now and then files beside it."""
    held = dice.some(sorted({*AUTHORITIES.values(), "ca-auth", "ca-blobs"}), 0, 2)
    files = {BUNDLE: pem("+".join(["pub", *held]))}
    if dice.chance(0.15):
        other = dice.one(("/etc/ssl/certs/own.pem", "/etc/pki/tls/certs/ca-bundle.crt"))
        files[other] = pem(dice.one(sorted(AUTHORITIES.values())))
    if dice.chance(0.1):
        files["/usr/local/share/ca-certificates/reg.crt"] = "{{pem:ca-reg}}"
    return files


def process_environment(dice: Dice, files: dict[str, str]) -> dict[str, str]:
    """Variables of the process that connects; files that they name are put into ``files``."""
    environment: dict[str, str] = {}
    if dice.chance(0.12):
        environment["SSL_CERT_FILE"] = dice.one(("/x/own.pem", "/x/gone.pem"))
        files["/x/own.pem"] = "{{pem:ca-reg+ca-mirror}}"
    if dice.chance(0.1):
        environment["SSL_CERT_DIR"] = dice.one(("/x/roots", "/x/gone:/x/roots", "/x/gone"))
        files["/x/roots/any.name"] = "{{pem:ca-mirror+pub}}"
    if dice.chance(0.18):
        proxy = dice.one(
            ("http://proxy.example:3128", "proxy.example:3128", "http://gone.example:3128")
        )
        environment[dice.one(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"))] = proxy
        if dice.chance(0.6):
            environment[dice.one(("NO_PROXY", "no_proxy"))] = ",".join(dice.some(_BYPASSES, 1, 2))
    return environment


_BYPASSES = (
    "*",
    ".example",
    "example",
    "reg.example",
    ".reg.example",
    "mirror.example:5000",
    "mirror.example:443",
    "10.77.0.0/16",
    "docker.io",
    "https://reg.example",
    " auth.example",
)


def authority_of(dice: Dice, host: str) -> str:
    """Mostly the authority that a host's own certificate comes from."""
    right = AUTHORITIES.get(host, "ca-other")
    return right if dice.chance(0.8) else dice.one(("ca-other", "pub", "ca-auth+ca-blobs"))


def put_authority(dice: Dice, files: dict[str, str], directory: str, host: str) -> None:
    """An authority for ``host`` in its directory of certificates; now and then none, or one under
    a name that is not read."""
    name = dice.one(("ca.crt", "ca.crt", "ca.crt", "any.crt", "ca.pem", "ca.cer", ""))
    if name:
        text = pem(authority_of(dice, host)) if dice.chance(0.95) else "no certificate\n"
        files[f"{directory}/{name}"] = text


def put_client(dice: Dice, files: dict[str, str], directory: str) -> None:
    """Now and then a client certificate beside it, mostly with its key."""
    if dice.chance(0.25):
        files[f"{directory}/client.cert"] = "{{pem:client-a}}"
        if dice.chance(0.85):
            files[f"{directory}/client.key"] = "{{pem:client-a.key}}"
