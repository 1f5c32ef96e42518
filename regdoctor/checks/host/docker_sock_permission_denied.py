"""The asking user may not open docker's socket."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.host.asked import asked
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.store import HOST, Observations


class DockerSockPermissionDenied(Check):
    """Only where docker is asked for, and of the socket that its CLI would open."""

    code = "docker-sock-permission-denied"
    summary = "this user may not open docker's socket"
    question = "is the user in the socket's group, and since when?"
    probe = "machine"
    texts = (
        "permission denied while trying to connect to the Docker daemon socket",
        "permission denied while trying to connect to the docker API at unix://",
        "dial unix *docker.sock: connect: permission denied",
    )
    clients = ("docker", "buildkit")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        machine = seen.get(MachineFacts, HOST)
        if machine is None or machine.docker is None or machine.docker.opens:
            return
        if "docker" not in asked(seen):
            return
        socket = machine.docker
        why = (
            f"{machine.user} is listed in the group {socket.group}, which this session does not "
            "have yet"
            if socket.member
            else f"{machine.user} is not in the group {socket.group}"
        )
        yield Finding(
            code=self.code,
            title=f"{machine.user} may not open {socket.path}: no docker command of this user "
            "reaches the engine",
            severity="error",
            confidence="certain",
            subject=socket.path,
            evidence=(
                Evidence(
                    f"{socket.path}: {socket.owner}:{socket.group} {socket.mode:04o}",
                    "machine",
                    {"owner": socket.owner, "group": socket.group, "mode": socket.mode},
                ),
                Evidence(why, "machine", {"user": machine.user, "member": socket.member}),
            ),
            breaks=("docker",),
        )


CHECK = DockerSockPermissionDenied()
