"""A company's CA for the length of one step: no layer, history or cache key knows of it.

Programs look for roots in a file that a variable names, or in the bundle of their
distribution. The variables name a bundle that is mounted beside the tree. The bundles of
the image get the CA written into them, and so do the directories that they are made of: a
step that installs or updates its bundle renames a new file over it, which a mount in that
place would forbid. After the step it is taken out of whatever trust store the step wrote,
and an untouched bundle is byte for byte what it was, its time included.
"""

from __future__ import annotations

import mmap
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec.structs import replace

from builder.executor import truststores
from builder.executor.types import ExecMount, ExecutorError, Process
from builder.snapshot.paths import PathError, root_path
from builder.transport.roots import BUNDLES, certificates_of

VARIABLES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "BUNDLE_SSL_CA_CERT",
    "DENO_CERT",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HEX_CACERTS_PATH",
    "NIX_SSL_CERT_FILE",
    "PERL_LWP_SSL_CA_FILE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
)
"""Each names a file of roots. One that the image sets itself is kept."""

PLACE = "/.regdoctor-run-ca.pem"
"""Where the step finds the bundle of the variables; at the top, so that no directory stays."""

_ANCHORS = (
    "/usr/local/share/ca-certificates",  # Debian, Alpine
    "/etc/pki/ca-trust/source/anchors",  # RHEL
    "/etc/pki/trust/anchors",  # SUSE
    "/etc/ca-certificates/trust-source/anchors",  # Arch
)
"""What a distribution's tool makes its bundle of. One that is missing is not made."""

_STORES = ("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/var/lib/ca-certificates")
_ANCHOR = "regdoctor-run-ca"
_MOST_BYTES = 8 << 20
_SLACK_NS = 2_000_000_000
"""Times of files come from a coarser clock than ours."""


@dataclass(frozen=True, slots=True)
class RunCa:
    """``certificates`` (DER) that steps shall trust; ``system``: this host's roots as PEM,
    for images that have none of their own."""

    certificates: tuple[bytes, ...]
    system: bytes = field(default=b"", repr=False)

    def lend(self, root: Path, process: Process, bundle: Path, *, writable: bool) -> Loan:
        """Put it into the tree ``root``; ``bundle`` is a place for a file outside of it.

        A tree that is not ``writable`` is left alone, its step has the variables only.
        Blocks. Raises ExecutorError.
        """
        try:
            return _lend(self, root, process, bundle, writable)
        except (OSError, PathError) as error:
            raise ExecutorError(f"cannot lend the CA of --run-ca to the step: {error}") from error


class Loan(msgspec.Struct):
    """The process with what it needs, and the way back.

    ``lent`` has for each bundle what it was and what was added; ``anchors`` are files of ours.
    """

    process: Process
    root: Path
    unwanted: frozenset[bytes]
    since: int
    lent: dict[Path, tuple[bytes, bytes]] = msgspec.field(default_factory=dict)
    anchors: list[Path] = msgspec.field(default_factory=list)

    def take_back(self) -> list[str]:
        """Leave no trace. Returns the paths below the root where the step itself put a copy,
        outside of every trust store. Blocks. Raises ExecutorError."""
        if not self.unwanted:
            return []
        try:
            gone = {self._inside(path) for path in self.anchors}
            for path in self.anchors:
                _unlink(path)
            # what the step made an anchor itself is meant to stay
            unwanted = self.unwanted - _owned(self.root)
            stores = _directories(self.root, (*_STORES, *_ANCHORS))
            written = [path for directory in stores for path in _changed(directory, self.since)]
            for path in dict.fromkeys((*written, *(p for p in self.lent if _is_regular(p)))):
                if not self._clean(path, unwanted):
                    gone.add(self._inside(path))
            self._remove_links(stores, gone)
            return [
                self._inside(path)
                for path in _changed(self.root, self.since)
                if _has(path, unwanted)
            ]
        except (OSError, PathError) as error:
            raise ExecutorError(f"cannot take the CA of --run-ca back: {error}") from error

    def _clean(self, path: Path, unwanted: frozenset[bytes]) -> bool:
        """Mend one file of a trust store; False where it held nothing else and is removed."""
        if path.lstat().st_size > _MOST_BYTES:
            return True
        data = path.read_bytes()
        was, added = self.lent.get(path, (b"", b""))
        if added and data.startswith(was + added):
            _overwrite(path, was + data[len(was) + len(added) :])
            return True
        rest = truststores.without(data, unwanted)
        if rest == data:
            return True
        if not rest.strip():
            _unlink(path)
            return False
        _overwrite(path, rest)
        return True

    def _remove_links(self, stores: Sequence[Path], gone: set[str]) -> None:
        """Links that tools made to what is gone, and those to these (by their hash)."""
        links = [p for store in stores for p in _walk(store, self.since) if p.is_symlink()]
        targets = {
            path: os.path.normpath(os.path.join(self._inside(path.parent), path.readlink()))  # noqa: PTH118
            for path in links
        }
        more = True
        while more:
            more = False
            for path, target in list(targets.items()):
                if target in gone:
                    _unlink(path)
                    gone.add(self._inside(path))
                    del targets[path]
                    more = True

    def _inside(self, path: Path) -> str:
        return "/" + path.relative_to(self.root).as_posix()


def _lend(ca: RunCa, root: Path, process: Process, bundle: Path, writable: bool) -> Loan:
    root = root.resolve()
    contents = {path: path.read_bytes() for path in _bundles(root, process)}
    own = {der for data in contents.values() for der in certificates_of(data)} | _owned(root)
    fresh = tuple(der for der in ca.certificates if der not in own)
    roots = next(iter(contents.values()), ca.system)
    blocks = b"".join(map(truststores.pem, fresh))
    bundle.write_bytes(_ending(roots) + blocks)
    bundle.chmod(0o644)
    given = {item.partition("=")[0] for item in process.env}
    variables = tuple(f"{name}={PLACE}" for name in VARIABLES if name not in given)
    lent = replace(
        process,
        env=(*process.env, *variables),
        mounts=(*process.mounts, ExecMount(PLACE, "bind", bundle, readonly=True)),
    )
    since = time.time_ns() - _SLACK_NS
    if not writable or not fresh:
        return Loan(lent, root, frozenset(), since)
    loan = Loan(lent, root, frozenset(fresh), since)
    for path, data in contents.items():
        added = _ending(data)[len(data) :] + blocks
        loan.lent[path] = (data, added)
        _overwrite(path, data + added)
    for directory in _directories(root, _ANCHORS):
        for number, der in enumerate(fresh):
            path = directory / f"{_ANCHOR}-{number}.crt"
            loan.anchors.append(path)
            _create(path, truststores.pem(der))
    return loan


def _bundles(root: Path, process: Process) -> Iterator[Path]:
    """The bundles of the image that are there: those of distributions, and those that its
    own variables name."""
    named = [
        value
        for name, _, value in (item.partition("=") for item in process.env)
        if name in VARIABLES and value.startswith("/") and value != PLACE
    ]
    seen = set()
    for name in (*BUNDLES, *named):
        path = Path(root_path(str(root), name))
        if path not in seen and _is_regular(path) and path.lstat().st_size <= _MOST_BYTES:
            seen.add(path)
            yield path


def _owned(root: Path) -> set[bytes]:
    """Certificates that the image trusts by itself: those in its anchor directories."""
    return {
        der
        for directory in _directories(root, _ANCHORS)
        for path in _changed(directory, 0)
        if path.lstat().st_size <= _MOST_BYTES
        for der in certificates_of(path.read_bytes())
    }


def _ending(data: bytes) -> bytes:
    """``data``, its last line ended."""
    return data + b"\n" if data and not data.endswith(b"\n") else data


def _directories(root: Path, names: Sequence[str]) -> list[Path]:
    found = dict.fromkeys(Path(root_path(str(root), name)) for name in names)
    return [path for path in found if path.is_dir() and not path.is_symlink()]


def _changed(directory: Path, since: int) -> Iterator[Path]:
    """Regular files below ``directory`` that were written, renamed or linked since then."""
    return (path for path in _walk(directory, since) if _is_regular(path))


def _walk(directory: Path, since: int) -> list[Path]:
    """Everything below that changed since, no link followed. A list: it may be changed."""
    found = []
    waiting = [os.fspath(directory)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.stat(follow_symlinks=False).st_ctime_ns >= since:
                    found.append(Path(entry.path))
    return found


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _has(path: Path, unwanted: frozenset[bytes]) -> bool:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return truststores.contains(data, unwanted)


def _overwrite(path: Path, data: bytes) -> None:
    """Other content in the same inode, its times kept."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _create(path: Path, data: bytes) -> None:
    before = path.parent.stat()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    path.chmod(0o644)
    os.utime(path.parent, ns=(before.st_atime_ns, before.st_mtime_ns))


def _unlink(path: Path) -> None:
    before = path.parent.stat()
    path.unlink(missing_ok=True)
    os.utime(path.parent, ns=(before.st_atime_ns, before.st_mtime_ns))
