"""A disk where a client keeps images is full, or nearly."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.host.asked import asked
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.machine import Disk, MachineFacts
from regdoctor.observations.store import HOST, Observations

FULL_BYTES, SHORT_BYTES = 64 << 20, 512 << 20
"""Below the first no image of an operating system is unpacked; below the second few are."""
FULL_INODES, SHORT_INODES = 1_000, 10_000
"""A base image of a distribution has some thousand files."""


class NoSpaceLeftOnDevice(Check):
    """Blocks and inodes of the places where clients that were asked for keep images."""

    code = "no-space-left-on-device"
    summary = "the disk where images are kept is full, or its inodes are used up"
    question = "which file system is full: images, temporary files, or that of the registry?"
    probe = "machine"
    texts = ("no space left on device",)
    symptoms = ("a pull ends while a layer is unpacked, a push with 500",)
    clients = ("docker", "buildkit", "containerd", "podman", "kaniko", "crane", "regdoctor")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        machine = seen.get(MachineFacts, HOST)
        for disk in machine.disks if machine else ():
            concerned = tuple(each for each in disk.clients if each in asked(seen))
            short = _short(disk)
            if not concerned or not short:
                continue
            full = disk.free < FULL_BYTES or (disk.inodes and disk.inodes_free < FULL_INODES)
            where = listed(disk.paths)
            yield Finding(
                code=self.code,
                title=f"{where}: {short}",
                severity="error" if full else "warning",
                confidence="certain",
                subject=disk.paths[0],
                evidence=(
                    Evidence(
                        f"{where}: {_size(disk.free)} of {_size(disk.size)} free"
                        + (
                            f", {disk.inodes_free} of {disk.inodes} inodes free"
                            if disk.inodes
                            else ""
                        ),
                        "machine",
                        {"free": disk.free, "inodes_free": disk.inodes_free},
                    ),
                ),
                breaks=concerned,
            )


def _short(disk: Disk) -> str:
    """What there is too little of; empty where there is room, or nothing to write to."""
    if disk.read_only or not disk.size:
        return ""
    if disk.free < SHORT_BYTES:
        return f"only {_size(disk.free)} are left for images"
    if disk.inodes and disk.inodes_free < SHORT_INODES:
        return f"only {disk.inodes_free} inodes are left for images"
    return ""


def _size(count: int) -> str:
    if count < 10 << 30:
        return f"{count >> 20} MiB"
    return f"{count >> 30} GiB"


CHECK = NoSpaceLeftOnDevice()
