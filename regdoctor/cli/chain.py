"""``regdoctor chain``: certificates from files, judged as Go would, with no network."""

from __future__ import annotations

import datetime as dt
import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regdoctor.cli import exits
from regdoctor.cli.faults import UsageError

if TYPE_CHECKING:
    from regdoctor.x509 import NotLoaded
    from regdoctor.x509.judged import Judged
    from regdoctor.x509.remarks import Remark

SYSTEM = "system"
_HOST = "this host's roots"
_FORMATS = ("text", "json")
# A bundle of the world's roots is a quarter of a megabyte.
_LARGEST_FILE = 16 << 20
# A server that sends more than a quarter of a megabyte is refused by Go as by everybody.
_LONGEST_CHAIN = 1000
# Whoever writes to a FIFO may have to start first.
_FIFO_SECONDS = 5.0


def chain(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Certificates as the server sends them, PEM or DER; - is standard input.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="The host that a client asks for; else names are not judged."
        ),
    ] = "",
    roots: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|system",
            help="Whom the client trusts: a PEM file, or what Go finds on this host (default).",
        ),
    ] = None,
    time: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="When: RFC 3339, or a date for its first second in UTC; now."
        ),
    ] = "",
    go: Annotated[
        str, typer.Option(metavar="VERSION", help="The client's Go: 1.22.10, go1.19; the newest.")
    ] = "",
    days: Annotated[
        int, typer.Option(min=0, help="Remark on what expires within so many days.")
    ] = 30,
    format_: Annotated[
        str, typer.Option("--format", metavar="|".join(_FORMATS), help="Form of the verdict.")
    ] = "text",
) -> int:
    """Judge certificates from files as a Go client would: offline, at any time.

    Draws the chain, names the certificate really at fault, which need not be the one that Go's
    error is about, and says what Go's words hide. Exit code 0: accepted; 1: refused.

    \b
    Examples:
      regdoctor chain renewed.pem --name registry.example.com --roots corporate-root.pem
      regdoctor chain server.pem --name registry.example.com --time 2027-01-01 --go 1.22.10
    """
    if format_ not in _FORMATS:
        raise UsageError(f"--format {format_}: not one of {', '.join(_FORMATS)}")
    moment, release = _moment(time), _release(go)
    judged = _judged(files, name, roots or [SYSTEM], moment, release, days)
    sys.stdout.write(_rendered(judged, format_))
    sys.stdout.flush()
    return exits.CLEAN if judged.verdict.accepted else exits.FINDINGS


def _moment(text: str) -> dt.datetime:
    if not text:
        return dt.datetime.now(dt.UTC).replace(microsecond=0)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        hint = "as 2027-01-31 or 2027-01-31T12:00:00Z"
        raise UsageError(f"--time {text}: neither a date nor RFC 3339", hint=hint) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _release(text: str) -> str:
    from regdoctor.x509.release import LATEST, UnknownReleaseError, release

    if not text:
        return LATEST
    try:
        major, minor, patch = release(text).version
    except UnknownReleaseError:
        major = minor = patch = 0
    if major != 1:
        raise UsageError(f"--go {text}: not a Go release", hint="as 1.24.3, 1.22 or go1.19.8")
    return f"{major}.{minor}.{patch}"


def _judged(
    files: Sequence[Path],
    name: str,
    roots: Sequence[str],
    moment: dt.datetime,
    go: str,
    days: int,
) -> Judged:
    from regdoctor.x509 import bundle, tls_name, verify
    from regdoctor.x509.judged import Judged

    certificates, sent_names, of_files = _sent(files)
    pools, root_names, told = _roots(roots, certificates)
    host = tls_name(name) if name else None
    verdict = verify(certificates, pools, host, moment, go)
    of_files += _unloaded(verdict.roots_not_loaded, root_names, pools)
    in_order, leaf_place = None, 0
    order = bundle.with_leaf_first(certificates)
    if order is not None:
        in_order = verify([certificates[at] for at in order], pools, host, moment, go)
        leaf_place = order[0]
        of_files.append(_leaf_not_first(sent_names[leaf_place], in_order.text))
    return Judged(
        verdict=verdict,
        name=name,
        time=moment,
        go=go,
        sent_names=tuple(sent_names),
        root_names=tuple(root_names),
        roots=told,
        days=days,
        in_order=in_order,
        leaf_place=leaf_place,
        of_files=tuple(of_files),
    )


def _sent(files: Sequence[Path]) -> tuple[list[bytes], list[str], list[Remark]]:
    """The certificates of all files, what each is called, and what else is in the files."""
    from regdoctor.x509 import bundle
    from regdoctor.x509.remarks import Remark

    certificates: list[bytes] = []
    names: list[str] = []
    noticed: list[Remark] = []
    for path in files:
        contents = bundle.read(_content(path))
        called = _called(path, files)
        if not contents.certificates:
            what = "; ".join(contents.passed_over)
            if contents.private_key:
                what = "; ".join(filter(None, ("a private key, which was not read", what)))
            raise UsageError(f"{path}: no certificate in it", hint=what and f"it has {what}")
        names += [f"{called}[{number}]" for number in range(len(contents.certificates))]
        certificates += contents.certificates
        if contents.private_key:
            why = f"{called} holds a private key as well, which was not read"
            noticed.append(Remark("private-key", why))
        if len(certificates) > _LONGEST_CHAIN:
            hint = "roots are given with --roots"
            raise UsageError(
                f"{path}: {len(contents.certificates)} certificates, which are no chain", hint=hint
            )
        noticed += [Remark("passed-over", f"{called}: {each}") for each in contents.passed_over]
    return certificates, names, noticed


def _called(path: Path, others: Sequence[Path]) -> str:
    """The file's name; the whole path where two files have the same name."""
    if str(path) == "-":
        return "stdin"
    alike = sum(1 for each in others if each.name == path.name)
    return path.name if alike == 1 else str(path)


def _content(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(_LARGEST_FILE)
    try:
        if path.is_fifo():
            return _from_fifo(path)
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _from_fifo(path: Path) -> bytes:
    """What is written to it, if somebody begins to within ``_FIFO_SECONDS``: to open it as a file
    would wait for ever."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        waiting = select.poll()
        waiting.register(file, select.POLLIN)
        if not waiting.poll(_FIFO_SECONDS * 1000):
            raise UsageError(f"{path}: nobody writes to it, it is a FIFO")
        os.set_blocking(file.fileno(), True)
        return file.read(_LARGEST_FILE)


def _roots(
    wanted: Sequence[str], certificates: Sequence[bytes]
) -> tuple[list[bytes], list[str], str]:
    """(contents of PEM files, what to call each, where they are from in words)."""
    from regdoctor.x509 import of_interest, pem_of

    pools: list[bytes] = []
    names: list[str] = []
    told: list[str] = []
    for each in dict.fromkeys(wanted):
        if each == SYSTEM:
            from builder.transport import system_roots

            pool = system_roots()
            pools.append(pem_of(of_interest(pool.certificates, certificates)))
            names.append(_HOST)
            where = ", ".join(pool.sources)
            told.append(f"the {len(pool.certificates)} roots of this host ({where})")
        else:
            content = _content(Path(each))
            _expect_certificates(each, content)
            pools.append(content)
            names.append(Path(each).name)
            told.append(f"the roots of {each}")
    return pools, names, " and ".join(told)


def _expect_certificates(path: str, content: bytes) -> None:
    """A file without any certificate is a slip of the caller's, not a verdict on the chain."""
    from regdoctor.x509 import bundle

    contents = bundle.read(content)
    if not contents.certificates and not contents.passed_over:
        what = "it has a private key, which was not read" if contents.private_key else ""
        raise UsageError(f"--roots {path}: no certificate in it", hint=what)


def _unloaded(
    missed: Sequence[NotLoaded], root_names: Sequence[str], pools: Sequence[bytes]
) -> list[Remark]:
    from regdoctor.x509 import bundle
    from regdoctor.x509.remarks import Remark

    return [
        Remark(
            "root-not-loaded",
            f"Go passes over {root_names[each.file]}: {bundle.not_loaded(each, pools[each.file])}",
        )
        for each in missed
        if root_names[each.file] != _HOST
    ]


def _leaf_not_first(called: str, text: str) -> Remark:
    from regdoctor.x509.remarks import Remark

    outcome = f"Go would say: {text}" if text else "Go would accept the chain"
    why = "what a server sends first is what a client takes for its certificate"
    return Remark(
        "leaf-not-first", f"{called} is the server's own; {why}. With it first, {outcome}"
    )


def _rendered(judged: Judged, format_: str) -> str:
    from regdoctor.render import chain as render

    if format_ == "json":
        from builder.version import VERSION
        from regdoctor.model.report import Tool

        return render.as_json(judged, Tool("regdoctor", VERSION))
    from regdoctor.cli import terminal

    return render.text(judged, width=terminal.width(sys.stdout))
