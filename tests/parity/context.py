"""The build context that the Dockerfiles of the corpus copy from: a little of everything.

Nothing in it changes from one making to the next: times, owners and contents are fixed.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

TIME = 1_500_000_000
NET_RAW = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)
FILES = {
    "a": (0o644, "a\n"),
    "b": (0o600, "b\n"),
    "empty": (0o644, ""),
    "one.txt": (0o644, "one\n"),
    "two.txt": (0o640, "two\n"),
    "three.md": (0o666, "three\n"),
    "run.sh": (0o755, "#!/bin/sh\necho ran\n"),
    "set/user": (0o4755, "u\n"),
    "set/group": (0o2755, "g\n"),
    "set/both": (0o6711, "ug\n"),
    "modes/nobody": (0o000, "0\n"),
    "modes/read": (0o444, "r\n"),
    "modes/write": (0o222, "w\n"),
    "modes/all": (0o777, "all\n"),
    "private/key": (0o600, "key\n"),
    "odd/with blank": (0o644, "1\n"),
    "odd/it's": (0o644, "2\n"),
    'odd/q"uoted': (0o644, "3\n"),
    "odd/ümläut": (0o644, "4\n"),
    "odd/back\\slash": (0o644, "5\n"),
    "odd/-dash": (0o644, "6\n"),
    "odd/[brackets]": (0o644, "7\n"),
    "odd/*star": (0o644, "8\n"),
    "odd/日本": (0o644, "9\n"),
    "odd/new\nline": (0o644, "10\n"),
    "odd/...": (0o644, "11\n"),
    "tree/x": (0o644, "x\n"),
    "tree/y/z": (0o644, "z\n"),
    "tree/y/deep/w": (0o644, "w\n"),
    "tree/y/deep/w.log": (0o644, "log\n"),
    "tree/y/z.log": (0o644, "log\n"),
    "tree/v/z": (0o644, "vz\n"),
    "tree/.hidden": (0o644, "h\n"),
    "other/x": (0o755, "other x\n"),
    "other/y": (0o644, "y is a file here\n"),
    "other/new": (0o644, "new\n"),
    "second/only": (0o644, "second\n"),
    "second/skipped.log": (0o644, "log\n"),
    "second/.dockerignore": (0o644, "*.log\n"),
    "secret/token": (0o600, "hunter2\n"),
    "/".join(f"{n}" for n in range(40)) + "/deep": (0o644, "deep\n"),
}
DIRECTORIES = {
    "tree/none": 0o755,
    "tree": 0o755,
    "private": 0o700,
    "sticky": 0o1777,
    "setgid": 0o2775,
    "closed": 0o555,
}
LINKS = {
    "links/file": "../a",
    "links/directory": "../tree",
    "links/dangling": "nowhere",
    "links/absolute": "/etc/passwd",
    "links/above": "../../../../etc/passwd",
    "links/chain": "file",
    "links/loop": "loop",
    "tree/link": "x",
    "to-tree": "tree",
    "to-a": "a",
}


def write_context(directory: Path) -> Path:
    """``directory``, filled. A capability of a file is root's to give; the rest is anybody's."""
    for name, (mode, text) in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    for number in range(300):
        path = directory / "many" / f"{number % 7}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * number)
    (directory / "long" / ("n" * 200)).mkdir(parents=True)
    (directory / "long" / ("n" * 200) / ("m" * 250)).write_text("long\n")
    for name, mode in DIRECTORIES.items():
        (directory / name).mkdir(exist_ok=True, parents=True)
        (directory / name).chmod(mode)
    for name, target in LINKS.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).symlink_to(target)
    _write_hard_links(directory / "hard")
    _write_special(directory / "special")
    _write_archives(directory / "archives")
    with (directory / "sparse").open("wb") as file:
        file.truncate(1 << 20)
        file.seek(1 << 19)
        file.write(b"in the middle")
    _date(directory)
    return directory


def _write_hard_links(directory: Path) -> None:
    (directory / "sub").mkdir(parents=True)
    (directory / "one").write_text("linked\n")
    (directory / "two").hardlink_to(directory / "one")
    (directory / "sub/three").hardlink_to(directory / "one")


def _write_special(directory: Path) -> None:
    directory.mkdir()
    os.mkfifo(directory / "pipe", 0o620)
    (directory / "noted").write_text("noted\n")
    os.setxattr(directory / "noted", "user.note", b"a note")
    (directory / "capable").write_text("#!/bin/sh\n")
    (directory / "capable").chmod(0o755)
    with contextlib.suppress(PermissionError):
        os.setxattr(directory / "capable", "security.capability", NET_RAW)
    here = Path.cwd()
    os.chdir(directory)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.chdir(here)


def _write_archives(directory: Path) -> None:
    directory.mkdir()
    plain = tar(members())
    (directory / "plain.tar").write_bytes(plain)
    (directory / "packed.tar.gz").write_bytes(gzip.compress(plain, mtime=0))
    (directory / "packed.tar.xz").write_bytes(lzma.compress(plain))
    (directory / "packed.tar.bz2").write_bytes(_by("bzip2", plain))
    (directory / "packed.tar.zst").write_bytes(_by("zstd", plain))
    (directory / "named-like-a.tar").write_text("no archive\n")
    (directory / "no-tar.gz").write_bytes(gzip.compress(b"no archive\n", mtime=0))
    (directory / "gnu.tar").write_bytes(tar(members(), tarfile.GNU_FORMAT))
    (directory / "ustar.tar").write_bytes(tar(list(members())[:4], tarfile.USTAR_FORMAT))
    (directory / "empty.tar").write_bytes(tar([]))
    (directory / "devices.tar").write_bytes(tar(_devices()))
    (directory / "again.tar").write_bytes(tar(_again()))
    (directory / "whiteouts.tar").write_bytes(tar(_whiteouts()))


Member = tuple[tarfile.TarInfo, bytes]


def tar(members: Iterator[Member] | list[Member], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, data in members:
            info.size, info.mtime = len(data), TIME
            archive.addfile(info, io.BytesIO(data) if data else None)
    return out.getvalue()


def _member(
    name: str,
    data: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    owner: tuple[int, int] = (0, 0),
    link: str = "",
    **headers: str,
) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = kind, mode, link
    info.uid, info.gid = owner
    info.pax_headers = {f"SCHILY.xattr.{k.replace('__', '.')}": v for k, v in headers.items()}
    return info, data


def members() -> Iterator[Member]:
    yield _member("top", b"top\n", mode=0o640, owner=(1000, 33))
    yield _member("dir", kind=tarfile.DIRTYPE, mode=0o750, owner=(33, 33))
    yield _member("./dir/program", b"#!/bin/sh\n", mode=0o4755)
    yield _member("dir/without/its/directory", b"w\n", owner=(7, 8))
    yield _member("dir/hard", kind=tarfile.LNKTYPE, link="top")
    yield _member("dir/link", kind=tarfile.SYMTYPE, link="../top", mode=0o777)
    yield _member("dir/absolute", kind=tarfile.SYMTYPE, link="/etc/passwd", mode=0o777)
    yield _member("dir/pipe", kind=tarfile.FIFOTYPE, mode=0o600)
    yield _member("/rooted", b"rooted\n")
    yield _member("l" * 120 + "/" + "o" * 120, b"long\n")
    yield _member("ümläut", b"u\n")
    capable = NET_RAW.decode("latin-1")
    yield _member("capable", b"#!/bin/sh\n", mode=0o755, security__capability=capable)
    yield _member("sticky", kind=tarfile.DIRTYPE, mode=0o1777)


def _devices() -> Iterator[Member]:
    for name, kind, numbers in (("null", tarfile.CHRTYPE, (1, 3)), ("b", tarfile.BLKTYPE, (7, 1))):
        info, data = _member(name, kind=kind, mode=0o660, owner=(0, 6))
        info.devmajor, info.devminor = numbers
        yield info, data


def _again() -> Iterator[Member]:
    """Names that come twice: the last one counts."""
    yield _member("file", b"first\n")
    yield _member("file", b"second\n", mode=0o600)
    yield _member("was-file", b"file\n")
    yield _member("was-file", kind=tarfile.DIRTYPE, mode=0o711)
    yield _member("was-file/in", b"in\n")
    yield _member("to", kind=tarfile.SYMTYPE, link="file", mode=0o777)
    yield _member("to", b"no link any more\n")


def _whiteouts() -> Iterator[Member]:
    yield _member("kept", b"kept\n")
    yield _member("gone", b"gone\n")
    yield _member(".wh.gone")
    yield _member("below/x", b"x\n")


def _by(program: str, data: bytes) -> bytes:
    return subprocess.run([program, "-c"], input=data, capture_output=True, check=True).stdout


def _date(directory: Path) -> None:
    for folder, names, files in os.walk(directory, topdown=False):
        for name in (*names, *files):
            os.utime(Path(folder, name), (TIME, TIME), follow_symlinks=False)
    os.utime(directory, (TIME, TIME))


if __name__ == "__main__":
    write_context(Path(sys.argv[1]))
