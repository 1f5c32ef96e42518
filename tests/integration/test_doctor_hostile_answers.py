"""Answers made to hold, fill or fool us: bounded, told, and never followed nor repeated raw."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, measured
from tests.fixtures.speaker import Speech, head, response, speaking

pytestmark = [pytest.mark.slow, pytest.mark.integration]  # a hundred servers, many waited for

SECONDS, MEMORY = 8.0, 200
"""What a check may cost with --timeout 1: five waits and the start of Python; and in MiB."""
LOOK = ("check", "--format", "json", "--timeout", "1", "--save")
CODES = {0, 1, 4}
MANIFEST = "Content-Type: application/vnd.oci.image.manifest.v1+json"
JSON = "Content-Type: application/json"
DEEP = b"[" * 100_000 + b"]" * 100_000


class Talk:
    """Remembers the heads of the requests that a speech answered."""

    def __init__(self, *answers: bytes | Speech) -> None:
        self.answers = answers
        self.heads: list[bytes] = []
        self._lock = threading.Lock()

    @property
    def methods(self) -> set[bytes]:
        """Of every request but the hellos that ask whether TLS is spoken."""
        said = (each for each in self.heads if each and not each.startswith(b"\x16"))
        return {each.split(b" ")[0] for each in said}

    def __call__(self, client: socket.socket) -> None:
        asked = head(client)
        with self._lock:
            self.heads.append(asked)
        answer = self.answers[min(len(self.heads), len(self.answers)) - 1]
        if isinstance(answer, bytes):
            client.sendall(answer)
        else:
            answer(client)


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Speech:
    def speech(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client.sendall(start)
            while True:
                client.sendall(piece)
                time.sleep(pause)

    return speech


def bomb(levels: int = 1) -> bytes:
    data = bytes(300_000_000)
    for _ in range(levels):
        data = gzip.compress(data, 1)
    return data


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DENIED = "401 Unauthorized"
HEADS: dict[str, bytes | Speech] = {
    "endless status line": endless(b"HTTP/1.1 200 ", b"O" * 65536),
    "endless header": endless(OK + b"X-Long: ", b"x" * 65536),
    "header flood": endless(OK, b"X-Many: x\r\n" * 1000),
    "1xx flood": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100),
    "slow 1xx": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.5),
    "slow header": endless(OK + b"X-Slow: ", b"x", 0.5),
    "slow status": endless(b"HTTP/1.1 2", b"0", 0.5),
    "endless body": endless(OK + b"\r\n", b"{" * 65536),
    "slow body": endless(OK + b"Content-Length: 100000\r\n\r\n", b"{", 0.5),
    "slow chunks": endless(CHUNKED, b"1\r\n{\r\n", 0.5),
    "endless error": endless(b"HTTP/1.1 500 No\r\n\r\n", b"<" * 65536),
    "slow error": endless(b"HTTP/1.1 500 No\r\n\r\n", b"<", 0.5),
    "huge chunk": CHUNKED + b"f" * 16 + b"\r\n" + b"x" * 65536,
    "huge chunk size": endless(CHUNKED, b"f" * 65536),
    "negative chunk": CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n",
    "endless trailers": endless(CHUNKED + b"0\r\n", b"X-Trailer: x\r\n" * 1000),
    "huge length": OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
    "many challenges": response(DENIED, *(f"WWW-Authenticate: A{n} b=c" for n in range(3000))),
    "one field of challenges": response(DENIED, "WWW-Authenticate: " + "A b=c, " * 9000),
    "long realm": response(DENIED, f'WWW-Authenticate: Bearer realm="http://{"a" * 60000}/"'),
    "escapes": response(DENIED, 'WWW-Authenticate: Bearer realm="http://a\x1b[31m\x9b\x07/"'),
    "year 9999": response("200 OK", "Date: Fri, 31 Dec 9999 23:59:59 GMT", body=b"{}"),
    "year 0": response("200 OK", "Date: Sat, 01 Jan 0000 00:00:00 GMT", body=b"{}"),
    "negative date": response("200 OK", "Date: Thu, -1 Jan -5 00:00:00 GMT", body=b"{}"),
    "wild date": response("200 OK", "Date: " + "9" * 5000, body=b"{}"),
    "deep JSON": response("200 OK", JSON, body=DEEP),
    "deep error": response("500 No", JSON, body=b'{"errors": ' + DEEP + b"}"),
    "odd error": response("404 No", JSON, body=b'{"errors": [{"code": NaN, "code": 1e999}]}'),
    "gzip error": response("500 No", JSON, "Content-Encoding: gzip", body=bomb()),
    "gzip": response("200 OK", MANIFEST, "Content-Encoding: gzip", body=bomb()),
    "gzip twice": response("200 OK", MANIFEST, "Content-Encoding: gzip, gzip", body=bomb(2)),
    "zstd": response("200 OK", MANIFEST, "Content-Encoding: zstd", body=b"\x28\xb5\x2f\xfd" * 99),
    "br": response("200 OK", MANIFEST, "Content-Encoding: br", body=b"\xff" * 999),
    "duplicate keys": response(
        "200 OK", MANIFEST, body=b'{"schemaVersion": 2, "config": {}, "config": 3, "layers": NaN}'
    ),
    "infinite size": response(
        "200 OK",
        MANIFEST,
        body=b'{"schemaVersion": 2, "config": {"digest": "sha256:0", "size": Infinity}}',
    ),
}


def looked(talk: Talk, directory: Path, image: str, *more: str) -> Ran:
    """The check of a server that speaks so; what holds for every one is asserted."""
    saved = directory / "seen.json"
    with speaking(talk) as port:
        ran = measured(*LOOK, str(saved), "-v", *more, f"127.0.0.1:{port}{image}")
    assert "Traceback" not in ran.err
    assert ran.code in CODES, ran.err[-500:]
    assert ran.seconds < SECONDS
    assert ran.memory < MEMORY
    printed = ran.out + ran.err
    assert not any(ord(each) < 32 and each not in "\n\t" for each in printed)
    assert not any(each in printed for each in "\x7f\x9b\u202e\u2066\u200b")
    assert talk.methods <= {b"GET", b"HEAD"}
    assert saved.exists()
    assert saved.stat().st_size < 8 << 20
    return ran


@pytest.mark.parametrize("image", ["", "/team/app:1.0"], ids=["registry", "image"])
@pytest.mark.parametrize("answer", HEADS.values(), ids=HEADS)
def test_no_answer_holds_or_fills_us(answer: bytes | Speech, image: str, tmp_path: Path) -> None:
    ran = looked(Talk(answer), tmp_path, image)
    assert ran.report["findings"] or ran.report["open"] or ran.code == 0


REALMS = (
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/token",
    "http://[::ffff:169.254.169.254]/token",
    "http://2852039166/token",
    "http://metadata.google.internal/token",
    "file:///etc/passwd",
    "ftp://127.0.0.1/token",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/token",
    "gopher://127.0.0.1:25/_HELO",
    "http://user:word@127.0.0.1/token",
    "",
    "//[",
    "http://\x1b]0;title\x07/",
)


@pytest.mark.parametrize("realm", REALMS)
def test_no_realm_leads_us_astray(realm: str, tmp_path: Path) -> None:
    challenge = response(DENIED, f'WWW-Authenticate: Bearer realm="{realm}",service="x"')
    talk = Talk(challenge)
    ran = looked(talk, tmp_path, "/team/app:1.0")
    assert ran.serious
    assert ran.code == 1
    assert "root:" not in ran.out
    for asked in ("169.254", "fe80", "metadata.google", "2852039166"):
        assert f"GET http://{asked}" not in ran.err
        assert f"GET http://[{asked}" not in ran.err


TOKENS: dict[str, bytes | Speech] = {
    "endless": endless(OK + b"\r\n", b"t" * 65536),
    "slow": endless(OK + b"Content-Length: 100000\r\n\r\n", b"t", 0.5),
    "bomb": response("200 OK", JSON, "Content-Encoding: gzip", body=bomb()),
    "deep": response("200 OK", JSON, body=b'{"token": ' + DEEP + b"}"),
    "no text": response("200 OK", JSON, body=b'{"token": {"a": NaN}, "expires_in": NaN}'),
    "line breaks": response("200 OK", JSON, body=b'{"token": "a\\r\\nX-Injected: yes"}'),
    "not latin": response("200 OK", JSON, body='{"token": "\u202e\U0001f4a3"}'.encode()),
    "wild lifetime": response("200 OK", JSON, body=b'{"token": "a", "expires_in": 1e999}'),
    "huge": response("200 OK", JSON, body=json.dumps({"token": "t" * 900_000}).encode()),
    "itself": response("307 Gone", "Location: http://169.254.169.254/latest"),
}


@pytest.mark.parametrize("answer", TOKENS.values(), ids=TOKENS)
def test_no_token_holds_or_fools_us(answer: bytes | Speech, tmp_path: Path) -> None:
    service = Talk(answer)
    with speaking(service) as port:
        realm = f'WWW-Authenticate: Bearer realm="http://127.0.0.1:{port}/token",service="x"'
        talk = Talk(response(DENIED, realm))
        ran = looked(talk, tmp_path, "/team/app:1.0")
    assert ran.serious or ran.report["open"]
    assert not any(b"X-Injected" in each for each in talk.heads)
    assert "GET http://169.254" not in ran.err


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "junit", "sarif"])
def test_no_field_of_an_answer_reaches_the_reader_raw(format_: str, tmp_path: Path) -> None:
    nasty = "\x1b[2J\u202e<script>alert(1)</script>`\x9b|\u2066".encode()
    error = b'{"errors": [{"code": "%s", "message": "%s"}]}' % (nasty, nasty)
    fields = (f"{name}: {nasty.decode('latin-1')}" for name in ("Server", "Via", "Location", "X"))
    answer = response(f"503 {nasty.decode('latin-1')}", *fields, JSON, body=error)
    with speaking(answer) as port:
        ran = measured(
            *("check", "--format", format_, "--timeout", "1"), f"127.0.0.1:{port}/team/app:1.0"
        )
    assert ran.code == 1
    assert not any(ord(each) < 32 and each not in "\n\t" for each in ran.out + ran.err)
    assert not any(each in ran.out + ran.err for each in "\x7f\x9b\u202e\u2066\u200b")
    if format_ in ("markdown", "junit"):
        assert "<script>" not in ran.out


def test_a_login_is_sent_to_nobody_who_did_not_ask(tmp_path: Path) -> None:
    other = Talk(response("200 OK", JSON, body=b"{}"))
    with speaking(other) as there:
        away = response("302 Found", f"Location: http://127.0.0.1:{there}/v2/")
        challenge = response(DENIED, 'WWW-Authenticate: Basic realm="x"')
        talk = Talk(*itertools.chain((challenge,) * 3, (away,) * 20))
        login = {"auths": {}}
        with speaking(talk) as port:
            login = {"auths": {f"127.0.0.1:{port}": {"auth": "dXNlcjpodW50ZXIy"}}}
            (tmp_path / "config.json").write_text(json.dumps(login))
            saved = tmp_path / "seen.json"
            ran = measured(
                *(*LOOK, str(saved), "-v", f"127.0.0.1:{port}/team/app:1.0"),
                environ={"DOCKER_CONFIG": str(tmp_path)},
            )
    assert not any(b"authorization" in each.lower() for each in other.heads)
    printed = ran.out + ran.err + saved.read_text()
    assert "hunter2" not in printed
    assert "dXNlcjpodW50ZXIy" not in printed
