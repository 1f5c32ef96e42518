"""What mends this host: rights, room, ids, policies; and what the user wrote."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.written import WrittenReference


def open_socket(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The group, or a session that has it. Whoever opens the socket is root on the host."""
    machine = seen.get(MachineFacts, HOST)
    socket = machine.docker if machine else None
    user, group = (machine.user if machine else "$USER"), (socket.group if socket else "docker")
    path = quoted(socket.path if socket else finding.subject)
    if socket is not None and socket.member:
        join = Fix(
            "docker",
            f"begin a new session, which has the group {group}",
            "safe",
            (f"newgrp {quoted(group)}",),
        )
    elif group == "root":
        # Nobody is put into that group: the daemon gives its socket to docker where there is one.
        join = Fix(
            "docker",
            "make the group docker, to which dockerd gives its socket when it starts, and put the "
            "user into it; whoever opens the socket is root on this host",
            "unsafe",
            (
                "sudo groupadd docker",
                "sudo systemctl restart docker.socket docker",
                f"sudo usermod -aG docker {quoted(user)}",
            ),
        )
    else:
        join = Fix(
            "docker",
            f"put the user into the group {group} and log in again; whoever opens the socket is "
            "root on this host. Never chmod 666 on it",
            "unsafe",
            (f"sudo usermod -aG {quoted(group)} {quoted(user)}",),
        )
    within = Fix(
        "host",
        "in a container that mounts the socket, give the process its group",
        "unsafe",
        (f"docker run --group-add $(stat -c %g {path}) -v {path}:/var/run/docker.sock IMAGE",),
    )
    return (join, within)


def choose_buildkit(seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """For one shell, and for old CLIs through the daemon."""
    machine = seen.get(MachineFacts, HOST)
    if machine is not None and machine.environ.get("DOCKER_BUILDKIT"):
        choose = Fix("docker", "let BuildKit build", "safe", ("unset DOCKER_BUILDKIT",))
    else:
        choose = Fix(
            "docker",
            "propose BuildKit to every client and restart dockerd; DOCKER_BUILDKIT=1 does it for "
            "one shell",
            "safe",
            ("systemctl restart docker",),
            (
                FileChange(
                    "/etc/docker/daemon.json",
                    '-  "features": {"buildkit": false}\n+  "features": {"buildkit": true}\n',
                ),
            ),
        )
    return (
        choose,
        Fix(
            "docker",
            "see that the plugin is there: without it a CLI of 23.0 or later builds with the "
            "classic builder",
            "manual",
            ("docker buildx version",),
        ),
        Fix(
            "regdoctor",
            "nothing to do: regdoctor build knows these options",
            "safe",
            ("regdoctor build .",),
        ),
    )


_ROOM = {
    "docker": ("docker system df", "docker builder prune", "docker image prune"),
    "containerd": ("ctr -n k8s.io images ls", "crictl rmi --prune"),
    "podman": ("podman system df", "podman image prune"),
    "buildkit": ("docker buildx du", "docker buildx prune"),
}


def make_room(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What each client can do without; of inodes the number of files counts."""
    fixes = [
        Fix(client, "look what is kept, and drop what no container uses", "manual", commands)
        for client, commands in _ROOM.items()
        if client in finding.breaks
    ]
    path = quoted(finding.subject)
    if "regdoctor" in finding.breaks:
        title = "keep the images elsewhere, or drop them: everything there can be rebuilt"
        fixes.append(Fix("regdoctor", title, "manual", (f"du -sh {path}",)))
    look = Fix(
        "host",
        "see what fills the file system; enlarge it, or move the directory to another",
        "manual",
        (f"df -h {path}", f"df -i {path}"),
    )
    return (*fixes, look)


def give_subids(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A range that nobody else has; podman reads it anew when told."""
    machine = seen.get(MachineFacts, HOST)
    user = quoted(machine.user if machine else finding.subject)
    return (
        Fix(
            "podman",
            "give the user a range that no other line of /etc/subuid has, then let podman see it",
            "manual",
            (
                f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}",
                "podman system migrate",
            ),
        ),
        Fix(
            "podman",
            "or, where no range can be had, have all files belong to the user",
            "unsafe",
            (),
            (
                FileChange(
                    "~/.config/containers/storage.conf",
                    added('[storage.options.overlay]\nignore_chown_errors = "true"'),
                ),
            ),
        ),
    )


def let_in(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A rule for that registry alone; the owner of the policy had a reason."""
    evidence = next((each.data for each in finding.evidence if "path" in each.data), {})
    path, image = str(evidence.get("path", "/etc/containers/policy.json")), finding.subject
    host = image.partition("/")[0]
    return (
        Fix(
            "podman",
            "take images of that registry that are signed with a key you know; ask whoever wrote "
            "the policy",
            "manual",
            (f"podman image trust set --type signedBy --pubkeysfile key.gpg {quoted(host)}",),
        ),
        Fix(
            "podman",
            f"or take them unsigned: in transports.docker of {path}",
            "unsafe",
            (f"podman image trust set --type accept {quoted(host)}",),
        ),
    )


def right_reference(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The reference that was probably meant, to be looked at."""
    data = next((each.data for each in finding.evidence if "corrected" in each.data), {})
    corrected = str(data.get("corrected", ""))
    if not corrected:
        title = "write host[:port]/path:tag: lower case, no scheme, no blanks, no quotes"
        return (Fix("all clients", title, "manual"),)
    return (
        Fix(
            "all clients",
            f"write {corrected}, if that is what was meant",
            "manual",
            (f"regdoctor check {quoted(corrected)}",),
        ),
    )


def value_for_argument(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A default in the file, or a value for one build."""
    written = next(
        (each for _, each in seen.named(WrittenReference, HOST) if each.where == finding.subject),
        None,
    )
    names = written.blank if written and written.blank else ("BASE",)
    lines = "".join(f"+ARG {name}=<default>\n" for name in names)
    given = " ".join(f"--build-arg {name}=VALUE" for name in names)
    return (
        Fix(
            "all clients",
            "declare the variable before the first FROM, with a default; an ARG after a FROM is "
            "another one",
            "manual",
            (),
            (FileChange(written.file if written and written.file else "Dockerfile", lines),),
        ),
        Fix(
            "docker",
            "or give it for this build",
            "safe",
            (f"docker build {given} .",),
        ),
    )


def readable_certs(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Certificates are no secret; a user may have a directory of their own."""
    data = next((each.data for each in finding.evidence if "path" in each.data), {})
    path = str(data.get("path", "/etc/containers/certs.d"))
    host = finding.subject
    return (
        Fix(
            "podman",
            "let users read the directory: CA certificates are no secret, keys keep their mode",
            "manual",
            (f"sudo chmod 755 {quoted(path)}",),
        ),
        Fix(
            "podman",
            "or put the CA where this user's podman looks",
            "manual",
            (f"install -D -m 0644 ca.crt ~/.config/containers/certs.d/{quoted(host)}/ca.crt",),
        ),
        Fix(
            "podman",
            "where podman runs in a machine, put it there: certificates of this host do not count",
            "manual",
            (
                f"podman machine ssh sudo mkdir -p /etc/containers/certs.d/{quoted(host)}",
                f"podman machine ssh ls /etc/containers/certs.d/{quoted(host)}",
            ),
        ),
    )
