"""``--run-ca``: a company's CA in the steps of a build, and nowhere else."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pip
import pytest

from tests.fixtures.builds import Builds, Image, serve_base
from tests.fixtures.ca import CertificateAuthority

pytestmark = [pytest.mark.integration, pytest.mark.root]

BUNDLE = "etc/ssl/certs/ca-certificates.crt"
INSTALL = (
    "python3 -m pip install --no-cache-dir --disable-pip-version-check --retries 0 "
    "--target /site --index-url https://127.0.0.1:{port}/simple/ example-thing"
)


@pytest.fixture(scope="module")
def company() -> CertificateAuthority:
    return CertificateAuthority("Example Corp Root CA")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, company: CertificateAuthority) -> Iterator[int]:
    """A package index behind the company's CA; its port."""
    directory = tmp_path_factory.mktemp("index")
    project = directory / "simple" / "example-thing"
    project.mkdir(parents=True)
    name = "example_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(project / name, "w") as wheel:
        info = "example_thing-1.0.dist-info"
        wheel.writestr("example_thing.py", "ANSWER = 42\n")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: example-thing\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(
            f"{info}/RECORD",
            f"example_thing.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        )
    (project / "index.html").write_text(f'<a href="{name}">{name}</a>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=os.fspath(directory)))
    served = company.issue("packages.corp.example", ips=["127.0.0.1"])
    server.socket = served.server_context().wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: a test says what it wants to say."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tar with this machine's Python, its pip, OpenSSL's program, and Debian's tool for
    bundles, each with the libraries that it needs."""
    path = tmp_path_factory.mktemp("programs") / "programs.tar"
    asked = ["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"]
    python = Path(subprocess.check_output(asked, text=True).strip())
    executables = [
        Path(os.path.realpath("/usr/bin/python3")),
        Path("/usr/bin/openssl"),
        Path("/usr/bin/curl"),
    ]
    wanted = {*executables, *_libraries([*executables, *(python / "lib-dynload").iterdir()])}
    with tarfile.open(path, "w") as tar:
        for file in sorted(wanted):
            tar.add(os.path.realpath(file), str(file))
        tar.add(python, str(python), filter=_lean)
        tar.add(Path(pip.__file__).parent, "pip-home/pip", filter=_lean)
        tar.add("/usr/sbin/update-ca-certificates", "/usr/sbin/update-ca-certificates")
        tar.add("/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf")
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, executables[0].name
        tar.addfile(link)
    return path


def _lean(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    dropped = r"__pycache__|/test\b|/idlelib|/lib2to3|/tkinter|/config-3|dist-packages"
    return None if re.search(dropped, info.name) else info


def _libraries(files: list[Path]) -> set[Path]:
    said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False)
    return {Path(name) for name in re.findall(r"(/lib\S+)(?: \(0x)", said.stdout)}


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """One state for all: the steps that install the programs run once."""
    directory = tmp_path_factory.mktemp("builds")
    server, base = serve_base(directory)
    with server:
        yield Builds(directory, base)


ONE, TWO = (CertificateAuthority(f"Public CA {number}").pem for number in (1, 2))
PUBLIC = ONE + TWO


@pytest.fixture
def corp(tmp_path: Path, company: CertificateAuthority) -> Path:
    path = tmp_path / "corp.crt"
    path.write_bytes(company.pem)
    return path


def _context(builds: Builds, programs: Path, dockerfile: str, **files: str | bytes) -> Path:
    context = builds.context(
        "FROM BASE\nADD programs.tar /\nENV PYTHONPATH=/pip-home\n"
        "COPY one.crt two.crt /usr/share/ca-certificates/mozilla/\n"
        "COPY public.crt /etc/ssl/certs/ca-certificates.crt\n"
        "RUN mkdir -p /usr/local/share/ca-certificates /etc/ca-certificates/update.d && "
        "printf 'mozilla/one.crt\\nmozilla/two.crt\\n' >/etc/ca-certificates.conf\n" + dockerfile,
        **{"public.crt": PUBLIC, "one.crt": ONE, "two.crt": TWO, **files},
    )
    os.link(programs, context / "programs.tar")
    return context


def _nowhere(image: Image, company: CertificateAuthority) -> None:
    """No blob of the image has the certificate or its name, nor what led to it."""
    for name, blob in image.blobs.items():
        data = blob
        if blob[:2] == b"\x1f\x8b":
            with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
                data = b"\n".join(
                    member.name.encode() + member.linkname.encode() + _file(tar, member)
                    for member in tar
                )
        assert company.pem.split(b"\n")[3] not in data, name
        assert b"regdoctor-run-ca" not in data, name


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member) if member.isreg() else None
    return file.read() if file is not None else b""


def test_pip_installs_from_an_index_behind_a_private_ca_and_no_trace_is_left(
    builds: Builds, programs: Path, index: int, corp: Path, company: CertificateAuthority
) -> None:
    context = _context(builds, programs, f"RUN {INSTALL.format(port=index)}\n")
    failed = builds.run("--network", "host", context)
    assert failed.code == 1
    assert "SSLError(SSLCertVerificationError" in failed.stderr, failed.stderr
    assert "run-step-tls-interception" in failed.stderr
    assert "regdoctor build --run-ca" in failed.stderr
    image = builds.image("--network", "host", "--run-ca", corp, context)
    assert image.read("site/example_thing.py") == b"ANSWER = 42\n"
    assert image.read(BUNDLE) == PUBLIC
    _nowhere(image, company)
    again = builds.image("--network", "host", context)
    assert again.digest == image.digest  # no part of the cache key
    assert again.ended.steps()[f"[6/6] RUN {INSTALL.format(port=index)}"] == "CACHED"


def test_a_step_that_does_nothing_makes_no_layer_entries(
    builds: Builds, programs: Path, corp: Path
) -> None:
    context = _context(builds, programs, "RUN true\n")
    image = builds.image("--run-ca", corp, context)
    last = image.blob(image.manifest["layers"][-1]["digest"])
    with tarfile.open(fileobj=io.BytesIO(last)) as tar:
        assert tar.getnames() == []


def test_a_step_that_updates_the_bundle_itself_trusts_it_and_leaves_none(
    builds: Builds, programs: Path, index: int, corp: Path, company: CertificateAuthority
) -> None:
    script = (
        "update-ca-certificates && env -u SSL_CERT_FILE -u CURL_CA_BUNDLE "
        f"curl -sSf --cacert /{BUNDLE} https://127.0.0.1:{index}/simple/example-thing/ "
        "-o /fetched && ls /etc/ssl/certs"
    )
    context = _context(builds, programs, f"RUN {script}\n")
    image = builds.image("--network", "host", "--run-ca", corp, context)
    assert b"example_thing" in image.read("fetched")
    assert "regdoctor-run-ca-0.pem" in image.ended.stderr  # it was there meanwhile
    _nowhere(image, company)
    plain = builds.image(_context(builds, programs, "RUN update-ca-certificates\n"))
    assert image.read(BUNDLE) == plain.read(BUNDLE)
    made = {n: i.linkname for n, i in image.files().items() if n.startswith("etc/ssl/certs/")}
    assert made == {
        n: i.linkname for n, i in plain.files().items() if n.startswith("etc/ssl/certs/")
    }


def test_the_company_s_ca_stays_where_the_dockerfile_installs_it(
    builds: Builds, programs: Path, corp: Path, company: CertificateAuthority
) -> None:
    context = _context(
        builds,
        programs,
        "COPY corp.crt /usr/local/share/ca-certificates/corp.crt\nRUN update-ca-certificates\n",
        **{"corp.crt": company.pem},
    )
    image = builds.image("--run-ca", corp, context)
    assert company.pem.strip() in image.read(BUNDLE)
    assert image.files()["etc/ssl/certs/corp.pem"].linkname.endswith("/corp.crt")


def test_a_step_that_copies_the_bundle_is_warned_of(
    builds: Builds, programs: Path, corp: Path
) -> None:
    context = _context(builds, programs, f"RUN cp /{BUNDLE} /mine.pem\n")
    image = builds.image("--run-ca", corp, context)
    assert "the step copied the CA of --run-ca into the image: /mine.pem" in image.ended.stderr


def test_a_bundle_that_the_image_names_itself_has_it_too(
    builds: Builds, programs: Path, index: int, corp: Path, company: CertificateAuthority
) -> None:
    context = _context(
        builds,
        programs,
        "COPY public.crt /opt/roots.pem\nENV PIP_CERT=/opt/roots.pem\n"
        f"RUN {INSTALL.format(port=index)}\n",
    )
    image = builds.image("--network", "host", "--run-ca", corp, context)
    assert image.read("opt/roots.pem") == PUBLIC
    _nowhere(image, company)


def test_a_file_without_certificates_is_refused(builds: Builds, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing\n")
    ended = builds.run("--run-ca", tmp_path / "none.pem", builds.context("FROM BASE\n"))
    assert ended.code == 2
    assert "no certificate in this file" in ended.stderr
