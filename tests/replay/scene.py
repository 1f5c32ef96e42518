"""Small scenes in the shape of executed cases, for tests of single rules."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regdoctor.clients.plan import ClientPlan
from regdoctor.clients.programs import PROGRAMS
from tests.replay.client_cases import predict, situation_of
from tests.replay.commands import Invocation, invocations

DATA = Path(__file__).parents[1] / "fixtures" / "data" / "client-cases.json"
LEAVES = {
    "hub": "pub",
    "hub-priv": "ca-hub",
    "mirror": "ca-mirror",
    "mirror2": "ca-mirror2",
    "mirror-pub": "pub",
    "reg": "ca-reg",
    "reg-pub": "pub",
    "ghcr": "pub",
    "auth": "ca-auth",
    "auth-pub": "pub",
    "blobs": "ca-blobs",
    "blobs-pub": "pub",
    "loop": "ca-loop",
    "wrongname": "pub",
}
"""Leaf certificates of the cases, and who issued them."""


@functools.cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


def served(address: str, leaf: str = "", **behaviour: Any) -> dict[str, Any]:
    """A server at ``host:port``; without a leaf it speaks plain http."""
    host, _, port = address.rpartition(":")
    names = {**_data()["hosts"], "localhost": "127.0.0.1"}
    tls = {"leaf": leaf, "issuer": LEAVES[leaf], "names": []} if leaf else None
    return {"host": host, "ip": names[host], "port": int(port), "tls": tls, **behaviour}


HUB = served("registry-1.docker.io:443", "hub")
MIRROR = served("mirror.example:5000", "mirror-pub")
REGISTRY = served("reg.example:5000", "reg")


def _case(
    client: str,
    files: Mapping[str, str],
    reference: str,
    servers: Sequence[Mapping[str, Any]],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    bundle = {"/etc/ssl/certs/ca-certificates.crt": "{{pem:pub}}"}
    return {
        "client": client,
        "reference": reference,
        "command": "",
        "files": {**bundle, **files},
        "servers": list(servers),
        **more,
    }


def contacted(
    client: str,
    version: str,
    files: Mapping[str, str] = {},
    reference: str = "docker.io/library/alpine:latest",
    servers: Sequence[Mapping[str, Any]] = (HUB, MIRROR, REGISTRY),
    **more: Any,
) -> list[str]:
    """What came into contact, one line each: ``https://host:port/v2/name yes``.

    ``yes``: the handshake was finished; ``no``: it broke off; nothing for plain http.
    """
    case = _case(client, files, reference, servers, more)
    program = next(each for each in PROGRAMS if each.name == client)
    lines = []
    for entry in predict(_data(), case, program, version):
        where = entry.get("endpoint") or entry.get("proxy") or f"dns {entry['dns']}"
        trusted = {True: " yes", False: " no", None: ""}[entry.get("trusted")]
        query = f"?ns={entry['ns']}" if "ns" in entry else ""
        lines.append(f"{where}{entry.get('name_path', '')}{query}{trusted}")
    return lines


def planned(
    client: str,
    version: str,
    files: Mapping[str, str] = {},
    reference: str = "docker.io/library/alpine:latest",
    **more: Any,
) -> ClientPlan:
    """The plan alone."""
    case = _case(client, files, reference, (), more)
    program = next(each for each in PROGRAMS if each.name == client)
    invocation = (invocations(case["command"]) or [Invocation(client)])[0]
    names = _data()["hosts"]
    situation = situation_of(case, invocation, _data()["pki"], names, version)
    return program.evaluate(situation)
