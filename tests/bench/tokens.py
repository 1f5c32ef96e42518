"""A registry that sends its clients to another host for a token; for the rows about waiting."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from tests.fixtures import images
from tests.fixtures.registry import BearerAuth, Registry, Server, Store, TokenService


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tokens", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("realm")
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--layout", type=Path, required=True)
    options = parser.parse_args()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    tls = (options.cert, options.key)
    registry = Registry(Store())
    with Server(registry) as local:
        images.push(options.layout, local.authority, "app", "1")
    tokens = TokenService(anonymous=True)
    registry.auth = BearerAuth(tokens, realm="https://auth.example/token")
    with (
        Server(registry, tls=tls, listen=(options.address, 443), name="r9.example"),
        Server(tokens, tls=tls, listen=(options.realm, 443), name="auth.example"),
    ):
        stopped.wait()


if __name__ == "__main__":
    main()
