"""The executed chains of ``go-x509.json``: what Go 1.27.3 said, and where older releases differ."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
from pathlib import Path
from typing import Any

from regdoctor.x509 import LATEST, Verdict, verify

Vector = dict[str, Any]

_DATA = Path(__file__).parents[3] / "fixtures" / "data" / "go-x509.json"
PREFIX = "tls: failed to verify certificate: "

# The server of these vectors signs with a key that is not that of the first certificate sent.
_OTHER_KEY = {
    *("alg-server-wrong-key", "pair-wrongkey-name"),
    *("path-order-int-first", "path-order-reversed", "pair-order-expired"),
}


@functools.cache
def vectors() -> list[Vector]:
    return json.loads(_DATA.read_text(encoding="utf-8"))


@functools.cache
def vector(identity: str) -> Vector:
    return next(each for each in vectors() if each["id"] == identity)


def der(pem: str) -> bytes:
    """The octets of one PEM block, whatever they are."""
    return base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))


def chain(vector: Vector) -> list[bytes]:
    return [der(each) for each in vector["chain"]]


def judge(
    vector: Vector,
    go: str = LATEST,
    godebug: str = "",
    *,
    tls13: bool = True,
    name: str | None = None,
    insecure: bool = False,
) -> Verdict:
    """``verify`` on a vector; a system store stands in for the pool that was not given."""
    roots, problem = vector["roots"], ""
    if roots is None:
        store = vector["system_store"]
        roots = [store["pem"]] if store["kind"] == "file" else []
        problem = "read {SSL_CERT_FILE}: is a directory" if store["kind"] == "directory" else ""
    return verify(
        chain(vector),
        [each.encode() for each in roots],
        vector["name"] if name is None else name,
        dt.datetime.fromisoformat(vector["time"]),
        go,
        godebug=godebug,
        tls13=tls13,
        key_matches=vector["id"] not in _OTHER_KEY,
        insecure=insecure,
        roots_error=problem,
    )
