"""What the argument and -f of a build mean."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from builder.api import RequestError
from regdoctor.cli.buildcontext import context_of

NOTHING = io.BytesIO()


def archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("Dockerfile"))
    return out.getvalue()


def test_a_directory_is_one_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "github.com" / "a").mkdir(parents=True)
    assert context_of("github.com/a", "D", NOTHING) == {
        "context": Path("github.com/a"),
        "dockerfile": "D",
    }
    assert context_of("nowhere", "", NOTHING)["context"] == Path("nowhere")


@pytest.mark.parametrize(
    "url",
    [
        "https://host/c.tgz",
        "http://host/Dockerfile",
        "https://host/r.git#main:sub",
        "git://host/r",
        "ssh://git@host/r",
        "git@host:r.git",
        "github.com/o/r",
        "https://host/r.git?what=x",
    ],
)
def test_urls_are_fetched(url: str) -> None:
    assert context_of(url, "", NOTHING) == {
        "context": None,
        "context_url": url,
        "dockerfile": "",
    }
    given = context_of(url, "-", io.BytesIO(b"FROM x"))
    assert given["dockerfile_text"] == b"FROM x"


def test_standard_input_is_an_archive_or_a_dockerfile() -> None:
    text = b"FROM scratch\n" + b"# x\n" * 1000
    assert context_of("-", "", io.BytesIO(text)) == {"context": None, "dockerfile_text": text}
    packed = archive() * 3
    given = context_of("-", "D", io.BytesIO(packed))
    assert given["context_archive"].read() == packed
    assert (given["context"], given["dockerfile"]) == (None, "D")


def test_an_archive_that_comes_in_pieces_is_read_whole() -> None:
    reader, writer = os.pipe()
    packed = archive()
    for start in range(0, len(packed), 3000):
        os.write(writer, packed[start : start + 3000])
    os.close(writer)
    with open(reader, "rb") as stream:
        assert context_of("-", "", stream)["context_archive"].read() == packed


def test_one_stream_is_one_thing() -> None:
    with pytest.raises(RequestError, match="can't use stdin for both"):
        context_of("-", "-", NOTHING)
    with pytest.raises(RequestError, match="ambiguous Dockerfile source"):
        context_of("-", "D", io.BytesIO(b"FROM scratch\n"))
    with pytest.raises(RequestError, match="larger than 16 MiB"):
        context_of("-", "", io.BytesIO(b"#" * (17 << 20)))
