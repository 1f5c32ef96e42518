"""Where a peer differs from BuildKit 0.32, which is what we follow, and why.

A row is (pattern of what differs, reason); ``*`` as the case stands for all cases. Patterns are
those of ``fnmatch`` over the keys that ``flatten.differences`` gives.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

Rows = tuple[tuple[str, str], ...]

LINK_OF_AN_UNCHANGED_FILE: Rows = (
    (
        "path /data/one-again",
        "BuildKit's layer has a new link to an unchanged file as a file of its own",
    ),
)
STUBS_OF_MOUNTS = "what a mount of RUN was put on is left in the image"

DIFFERENCES: dict[str, dict[str, Rows]] = {
    "buildkit": {},
    "docker": {
        "copy-from-keeps": (
            ("path /odd/pipe", "the engine's BuildKit 0.8 leaves out named pipes"),
        ),
        "copy-modes": (
            ("path /both", "before BuildKit 0.9 --chmod left the directories made on the way"),
        ),
        "run-files": LINK_OF_AN_UNCHANGED_FILE,
        "run-mounts": tuple(
            (path, STUBS_OF_MOUNTS)
            for path in (
                "path /context",
                "path /mnt",
                "path /mnt/tools",
                "path /scratch",
                "path /var/cache",
                "path /var/cache/thing",
            )
        ),
    },
    "buildah": {
        "*": (
            ("path /etc/hostname", STUBS_OF_MOUNTS),
            ("path /etc/hosts", STUBS_OF_MOUNTS),
            ("path /etc/resolv.conf", STUBS_OF_MOUNTS),
        ),
        "commands-inherited": (("path /one", "WORKDIR alone makes no directory"),),
        "copy-modes": (("path /both", "--chmod leaves the directories made on the way"),),
        "copy-over": (("path /t/link", "COPY replaces a link where docker writes through it"),),
        "from-arguments": (
            ("config Labels", "ARG of a stage is unknown in a stage made from it"),
            ("path /scope", "ARG of a stage is unknown in a stage made from it"),
        ),
        "from-scratch": (("config WorkingDir", "FROM scratch sets no working directory"),),
        "ports-volumes-signals": (("config ExposedPorts", "a range of ports is kept as one key"),),
        "run-environment": (("config Env", "a changed PATH moves to the end"),),
        "run-files": LINK_OF_AN_UNCHANGED_FILE,
        "run-mounts": (("path /mnt", STUBS_OF_MOUNTS), ("path /var/cache", STUBS_OF_MOUNTS)),
        "shell": (
            ("config Cmd", "SHELL changes RUN alone"),
            ("config Entrypoint", "SHELL changes RUN alone"),
        ),
        "syntax-odds": (("config Env", "the escape directive is not kept for words"),),
        "volumes-then-writes": (
            (
                "path /data/after",
                "what RUN writes to a volume is dropped, as docker's old builder did",
            ),
        ),
        "workdirs": tuple(
            (path, "WORKDIR alone makes no directory")
            for path in (
                "path /made/by/workdir/relative",
                "path /trailing",
                "path /trailing/slash",
            )
        ),
    },
}

REFUSED: dict[str, dict[str, str]] = {
    "buildkit": {},
    "docker": {
        "copy-link-flag": "COPY --link came with Dockerfile 1.4",
        "run-heredoc": "heredocs came with Dockerfile 1.4",
        "run-network": "RUN --network came with Dockerfile 1.1 and BuildKit 0.9",
    },
    "buildah": {
        "copy-link-flag": "COPY has no --link",
        "from-stage-by-argument": "a stage is not found through an argument",
        "run-devices": "chroot isolation allows no mknod",
        "run-heredoc": "no heredocs before buildah 1.33",
        "run-network": "RUN has no --network",
    },
}


def unexplained(peer: str, case: str, found: dict[str, str]) -> dict[str, str]:
    """What is left of ``found`` without the peer's known differences."""
    return _unexplained(DIFFERENCES[peer].get("*", ()) + DIFFERENCES[peer].get(case, ()), found)


def _unexplained(rows: Rows, found: dict[str, str]) -> dict[str, str]:
    return {
        what: how
        for what, how in found.items()
        if not any(fnmatchcase(what, pattern) for pattern, _ in rows)
    }


_DEVICES: Rows = (("refused", "no user namespace may make devices"),)

CORPUS: dict[str, dict[str, Rows]] = {
    "root": {},
    "rootless": {
        "add: archives with devices": _DEVICES,
        "fixtures: run-devices": _DEVICES,
        "run: devices": _DEVICES,
    },
}
"""Where ours, as root or as a plain user, differs from BuildKit's image of a case."""


def unexplained_of_corpus(mode: str, name: str, found: dict[str, str]) -> dict[str, str]:
    """What is left of ``found`` without the known differences."""
    return _unexplained(CORPUS[mode].get(name, ()), found)
