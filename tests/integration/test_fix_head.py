"""The nginx that the findings about HEAD advise, put before a Nexus that has the fault."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.checked import check
from tests.fixtures.programs import free_port, running
from tests.fixtures.registry import Nexus, Registry, Server, Store

pytestmark = pytest.mark.integration


@contextlib.contextmanager
def nginx(directory: Path, advised: str, upstream: str) -> Iterator[int]:
    """nginx with the advised ``http`` block; the port that it listens on."""
    port = free_port()
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    own = "".join(f"{place}_temp_path {directory}/{place};\n" for place in places)
    http_block = advised.replace(
        "http {\n", f"http {{\naccess_log off;\n{own}upstream registry {{ server {upstream}; }}\n"
    ).replace(
        "server {\n",
        f"server {{\nlisten 127.0.0.1:{port};\nlocation / {{ proxy_pass http://registry; }}\n",
    )
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off;\nerror_log stderr;\npid {directory}/nginx.pid;\nevents {{}}\n{http_block}"
    )
    with running(["nginx", "-c", str(config), "-e", "stderr"], directory / "nginx.log", port):
        yield port


def test_the_advised_proxy_mends_head_and_lets_pushes_through(tmp_path: Path) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    with Server(Nexus(Registry(store), "3.14.0-04")) as server:
        broken = check(f"{server.authority}/team/app:1.0")
        fixes = broken.findings["nexus-lt-3.15-head-404"]["fixes"]
        (change,) = [each for fix in fixes for each in fix["files"]]
        advised = "".join(line.removeprefix("+") + "\n" for line in change["diff"].splitlines())
        with nginx(tmp_path, advised, server.authority) as port:
            mended = check(f"127.0.0.1:{port}/team/app:1.0")
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            client.request("PUT", "/v2/team/app/manifests/2.0", body=b"{}")
            client.getresponse().read()
            client.close()
        asked = [seen.method for seen in server.seen]
    assert mended.report["findings"] == []
    assert asked[-1] == "PUT"
